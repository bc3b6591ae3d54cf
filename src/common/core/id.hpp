// 128-bit time-ordered ids (ULID): 48 bits of milliseconds, 80 bits that make them unique.
// Shown as 26 characters of Crockford base32, stored in PostgreSQL as uuid.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/clock.hpp"

namespace fairlead {

using IdBytes = std::array<std::uint8_t, 16>;

template <class Tag>
struct Id {
  IdBytes bytes{};
  auto operator<=>(const Id&) const = default;
  [[nodiscard]] bool is_nil() const { return *this == Id{}; }
};

[[nodiscard]] std::string id_to_text(const IdBytes& bytes);
[[nodiscard]] std::optional<IdBytes> id_from_text(std::string_view text);  // 26 characters, either case
[[nodiscard]] std::string id_to_uuid(const IdBytes& bytes);                // 8-4-4-4-12 lower-case hex
[[nodiscard]] std::optional<IdBytes> id_from_uuid(std::string_view text);
[[nodiscard]] TimePoint id_time(const IdBytes& bytes);  // millisecond resolution
// The id with this time and these ten trailing bytes.
[[nodiscard]] IdBytes make_id_bytes(TimePoint time, const std::array<std::uint8_t, 10>& tail);

template <class Tag>
[[nodiscard]] std::string to_text(const Id<Tag>& id) {
  return id_to_text(id.bytes);
}
template <class Tag>
[[nodiscard]] std::string to_uuid(const Id<Tag>& id) {
  return id_to_uuid(id.bytes);
}
template <class Tag>
[[nodiscard]] std::optional<Id<Tag>> parse_id(std::string_view text) {
  if (const auto bytes = id_from_text(text)) return Id<Tag>{*bytes};
  return std::nullopt;
}

// Makes ids that never go backwards within this object. Not thread-safe: one per strand or guarded by its owner.
class IdMaker {
 public:
  IdMaker();
  [[nodiscard]] IdBytes next(TimePoint now);

 private:
  IdBytes last_{};
  std::uint64_t state_[2];
  std::uint64_t random();
};

using OrganisationId = Id<struct OrganisationTag>;
using ProjectId = Id<struct ProjectTag>;
using ApiKeyId = Id<struct ApiKeyTag>;
using EndpointId = Id<struct EndpointTag>;
using SecretId = Id<struct SecretTag>;
using SubscriptionId = Id<struct SubscriptionTag>;
using FilterId = Id<struct FilterTag>;
using SourceId = Id<struct SourceTag>;
using EventTypeId = Id<struct EventTypeTag>;
using EventId = Id<struct EventTag>;
using DeliveryId = Id<struct DeliveryTag>;
using AttemptId = Id<struct AttemptTag>;
using NodeId = Id<struct NodeTag>;
using PortalLinkId = Id<struct PortalLinkTag>;

}  // namespace fairlead

template <class Tag>
struct std::hash<fairlead::Id<Tag>> {
  std::size_t operator()(const fairlead::Id<Tag>& id) const noexcept {
    std::uint64_t words[2];
    std::memcpy(words, id.bytes.data(), 16);
    return words[0] * 0x9E3779B97F4A7C15ULL ^ words[1];
  }
};
