// Reads the body of an event creation without building a DOM: spans of the top-level members, the payload's bytes
// untouched.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "common/domain/config.hpp"
#include "common/domain/delivery.hpp"
#include "common/domain/json_scan.hpp"
#include "data_plane/match/matching.hpp"

namespace fairlead::ingest {

enum class EventKind { endpoint, fanout, broadcast, dynamic, source };

inline constexpr int hops_max = 5;
inline constexpr std::size_t idempotency_key_bytes_max = 512;
inline constexpr std::size_t custom_headers_max = 50;
inline constexpr std::size_t custom_header_bytes_max = 8 * 1024;

struct RequestHeaders {
  std::string_view idempotency_key;  // of the Idempotency-Key header; empty: none
  std::string_view trace_parent;
  std::string_view hops;
};

// What a dynamic event is addressed to, until the endpoint is found or made.
struct DynamicTarget {
  std::string url;
  Secret secret;                         // of the endpoint, if it is made; empty: a generated one
  std::vector<std::string> event_types;  // patterns of its subscription; empty: as they are, or all
};

struct EventRequest {
  match::Target target;
  std::shared_ptr<const DynamicTarget> dynamic;  // of a dynamic event alone
  std::shared_ptr<const EventContent> content;
  KeyHash content_hash{};  // of kind, target, type, payload and custom headers: what an idempotency key stands for
};

// Code::invalid with the field and a stable reason (invalid_json, required, wrong_type, too_long, invalid_header,
// loop_detected, …). The data member is kept as the exact bytes of its value.
[[nodiscard]] Result<EventRequest> parse_event_request(EventKind kind, std::string_view body,
                                                       const RequestHeaders& headers);
// The same of an object that scan_object has read.
[[nodiscard]] Result<EventRequest> read_event_request(EventKind kind, const std::vector<JsonMember>& members,
                                                      const RequestHeaders& headers);

// How many gateways an event has passed, of the header that counts them (empty: none). Code::invalid "loop_detected".
[[nodiscard]] Result<int> read_hops(std::string_view text);

}  // namespace fairlead::ingest
