// The body of a batch creation: an array of events, or an object whose "events" it is, each read as if it came alone.
#pragma once

#include <string_view>
#include <vector>

#include "data_plane/ingest/event_request.hpp"

namespace fairlead::ingest {

inline constexpr std::size_t batch_items_max = 1000;

// The spans of the items, 1 to batch_items_max of them. Code::invalid: the body as a whole cannot be read.
[[nodiscard]] Result<std::vector<std::string_view>> split_batch(std::string_view body);

struct BatchItem {
  EventKind kind = EventKind::endpoint;
  EventRequest request;
};
// One item: "kind" (endpoint, fanout, broadcast, dynamic) says what it is; without it, the one of endpoint_id, owner_id
// and url that is there. A broadcast is never guessed. Otherwise as parse_event_request.
[[nodiscard]] Result<BatchItem> parse_batch_item(std::string_view item, const RequestHeaders& headers);

}  // namespace fairlead::ingest
