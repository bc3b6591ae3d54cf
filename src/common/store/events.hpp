// Events as the management API lists and shows them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/store/db.hpp"
#include "common/store/keyset.hpp"

namespace fairlead::store {

struct StoredEvent {
  EventId id;
  ProjectId project;
  std::string event_type;
  std::string body;          // as received
  std::string headers_json;  // object of custom headers; empty: none
  std::string idempotency_key;
  TimePoint received_at;
  std::optional<int> matched_count;   // none: still to be expanded
  std::vector<EndpointId> endpoints;  // that it was addressed to or matched, at most endpoints_shown_max
  bool is_beyond = false;             // did not fit into the bytes of its page: only the id counts
};

inline constexpr int endpoints_shown_max = 100;

struct EventFilter {
  ProjectId project;
  TimePoint start;                    // received from then on
  TimePoint end;                      // received before
  std::vector<EndpointId> endpoints;  // addressed to or matched by one of them; empty: any
  std::string idempotency_key;
  std::string owner_id;        // addressed to the owner, or to an endpoint of theirs
  std::string text_part;       // of event type or idempotency key, case-insensitive
  std::int64_t bytes_max = 0;  // of all bodies together; the first always fits
};

// The event, or Code::not_found.
[[nodiscard]] Result<StoredEvent> get_event(Tx& tx, const ProjectId& project, const EventId& id);
// A keyset scan in id order; a filter that matches rarely reads much, which statement_timeout ends.
[[nodiscard]] Result<std::vector<StoredEvent>> list_events(Tx& tx, const EventFilter& filter, const Keyset& keyset);
// The event with that idempotency key: of the live keys, else among the events between the ids.
[[nodiscard]] Result<std::optional<EventId>> find_event_by_key(Tx& tx, const ProjectId& project, const std::string& key,
                                                               const Keyset& within);

}  // namespace fairlead::store
