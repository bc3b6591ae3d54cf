// Reads the body of an event creation without building a DOM: spans of the top-level members, the payload's bytes
// untouched.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/core/result.hpp"
#include "common/domain/config.hpp"
#include "common/domain/delivery.hpp"
#include "data_plane/match/snapshot.hpp"

namespace fairlead::ingest {

enum class EventKind { endpoint, fanout, broadcast };

inline constexpr int hops_max = 5;
inline constexpr std::size_t idempotency_key_bytes_max = 512;
inline constexpr std::size_t custom_headers_max = 50;
inline constexpr std::size_t custom_header_bytes_max = 8 * 1024;

struct RequestHeaders {
  std::string_view idempotency_key;  // of the Idempotency-Key header; empty: none
  std::string_view trace_parent;
  std::string_view hops;
};

struct EventRequest {
  match::Target target;
  std::shared_ptr<const EventContent> content;
  KeyHash content_hash{};  // of kind, target, type, payload and custom headers: what an idempotency key stands for
};

// Code::invalid with the field and a stable reason (invalid_json, required, wrong_type, too_long, invalid_header,
// loop_detected, …). The data member is kept as the exact bytes of its value.
[[nodiscard]] Result<EventRequest> parse_event_request(EventKind kind, std::string_view body,
                                                       const RequestHeaders& headers);

}  // namespace fairlead::ingest
