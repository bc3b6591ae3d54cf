// Events: /api/v1/projects/{project}/events. Reading is done here; what is created goes on to a data plane.
#pragma once

#include "common/store/events.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/http/request.hpp"
#include "control_plane/resources/payload_json.hpp"

namespace fairlead::control {

struct EventList {
  PageQuery page;
  store::EventFilter filter;
  bool is_empty = false;  // asks for what cannot exist
};
// What the query selects, for lists and for replays in bulk.
[[nodiscard]] Result<EventList> parse_event_list(const Request& request);
// store::list_events and store::get_event within the caller's reach: a portal's customer has the events that were
// addressed or delivered to their endpoints, and of an event's endpoints sees theirs.
[[nodiscard]] Result<store::Walk<store::StoredEvent>> list_reached_events(store::Tx& tx, store::EventFilter filter,
                                                                          const Caller& caller,
                                                                          const store::Keyset& slice);
[[nodiscard]] Result<store::StoredEvent> get_reached_event(store::Tx& tx, const Request& request, const EventId& id);
// Of the endpoints those alone that the caller reaches are to be in `event`.
void write_event(JsonWriter& json, const store::StoredEvent& event, const ContentView& view);

Task<Result<Response>> list_events(Context& context, RequestPtr request);
Task<Result<Response>> show_event(Context& context, RequestPtr request);
Task<Result<Response>> forward_event(Context& context, RequestPtr request);

}  // namespace fairlead::control
