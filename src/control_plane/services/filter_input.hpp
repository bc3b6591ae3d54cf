// What a request says of filters: read from the body's own text, so that a filter is stored as it was written and its
// numbers keep every digit. Names compare without case, as everywhere (JsonBody).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/id.hpp"
#include "common/domain/filter.hpp"
#include "control_plane/http/json_body.hpp"

namespace fairlead::control {

inline constexpr std::size_t filters_of_request_max = 1000;

// A request's body, or a value in it.
struct JsonValue {
  std::shared_ptr<const std::string> text;
  std::shared_ptr<const JsonTape> tape;
  JsonTape::Place at = 0;
  std::string path;  // how errors name it; empty: the body itself

  // Code::invalid "body_required" or "invalid_json".
  [[nodiscard]] static Result<JsonValue> parse(std::string_view text);
  [[nodiscard]] JsonKind kind() const { return tape->kind(at); }
  [[nodiscard]] std::string_view raw() const { return tape->raw(at); }
  // The last member of that name, null included. Nothing if this is no object or has none.
  [[nodiscard]] std::optional<JsonValue> find(std::string_view name) const;
  // Of an object, duplicates included.
  [[nodiscard]] std::vector<JsonValue> members() const;
  // A member's string. Code::invalid "wrong_type"; absent and null are empty.
  [[nodiscard]] Result<std::string> member_text(std::string_view name) const;
  // Code::invalid "wrong_type", "too_many".
  [[nodiscard]] Result<std::vector<JsonValue>> items(std::size_t count_max) const;
};

// The scopes headers (or header), body, query and path of an object: absent and null ones are not there. Code::invalid
// naming the key if what is there is no filter.
[[nodiscard]] Result<FilterText> read_filter_scopes(const JsonValue& object);

// The same scopes of an event that a filter is tried on: any JSON.
[[nodiscard]] FilterSubject read_filter_subject(const JsonValue& object);

struct FilterInput {
  std::string event_type;  // empty: not said
  std::string id;          // "uid"; empty: not said
  bool says_enabled = false;
  std::optional<TimePoint> enabled_at;  // none: disabled
  FilterText text;
  std::string path;
};
// One filter of a request (wire contract 3.8).
[[nodiscard]] Result<FilterInput> read_filter_input(const JsonValue& value);

// filter_config.filter of a subscription's request; nothing if the request has no filter_config, and so keeps what is
// there.
[[nodiscard]] Result<std::optional<FilterText>> read_subscription_filter(std::string_view body);

// Whether `sent` is what answers show of `kept`, all scopes of it: members in any order, numbers in the same spelling.
[[nodiscard]] bool is_sent_back(const FilterText& sent, const FilterText& kept);

}  // namespace fairlead::control
