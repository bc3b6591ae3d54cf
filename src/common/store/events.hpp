// Events as the management API lists and shows them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/store/db.hpp"
#include "common/store/keyset.hpp"
#include "common/store/sources.hpp"

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
  std::optional<SourceBrief> source;  // that it came in through
  std::string url_query, url_path;    // of the request that brought it to the source
  bool is_beyond = false;             // did not fit into the bytes of its page: only the id counts
};

inline constexpr int endpoints_shown_max = 100;

inline constexpr std::size_t payload_parts_max = 2;

struct EventFilter {
  ProjectId project;
  TimePoint start;                    // received from then on
  TimePoint end;                      // received before
  std::vector<EndpointId> endpoints;  // addressed to or matched by one of them; empty: any
  std::vector<SourceId> sources;      // came in through one of them; empty: any
  std::string idempotency_key;
  std::string owner_id;       // addressed to the owner, or to an endpoint of theirs
  std::string reached_owner;  // addressed to or matched by an endpoint of theirs; empty: any
  std::string text_part;      // of event type, idempotency key or the source's name, case-insensitive
  // Ids that text_part may be the beginning of: they match, too.
  IdBytes text_low = id_highest, text_high = id_lowest;
  std::vector<std::string> payload_parts;  // JSON that the payload contains, up to payload_parts_max; empty: any
  std::int64_t bytes_max = 0;              // of all bodies together; the first always fits
  std::optional<EndpointId> missing_for;   // only those that may concern this endpoint and have no delivery for it
};

// The event, or Code::not_found.
[[nodiscard]] Result<StoredEvent> get_event(Tx& tx, const ProjectId& project, const EventId& id);
// A slice in id order. What the filter matches rarely and no index knows is looked for as long as the keyset says.
[[nodiscard]] Result<Walk<StoredEvent>> list_events(Tx& tx, const EventFilter& filter, const Keyset& keyset);
// The event with that idempotency key: of the live keys, else among the events between the ids.
[[nodiscard]] Result<std::optional<EventId>> find_event_by_key(Tx& tx, const ProjectId& project, const std::string& key,
                                                               const Keyset& within);

// How many there are; as costly as reading them all, which statement_timeout ends.
[[nodiscard]] Result<std::int64_t> count_events(Tx& tx, const EventFilter& filter, const Keyset& within);

// A step through ids in ascending order, for jobs: it costs the same however few the filter wants.
struct ScanRange {
  IdBytes low = id_lowest, high = id_highest;  // both included
  int window = 0;                              // rows looked at, at most
  int rows_max = 0;                            // rows wanted, at most
};
struct ScannedEvent {
  EventId id;
  std::string event_type;
  std::optional<EndpointId> endpoint;  // what it was addressed to
  std::string owner_id;
  std::optional<SourceId> source;  // that it came in through
  bool is_matched = false;         // not waiting for its own expansion
  bool is_unmatched = false;       // nothing matched it when it came
};
struct EventScan {
  std::vector<ScannedEvent> events;
  std::optional<IdBytes> last;  // everything up to it was looked at
  bool is_last = false;         // there is nothing behind it
};
[[nodiscard]] Result<EventScan> scan_events(Tx& tx, const EventFilter& filter, const ScanRange& range);

}  // namespace fairlead::store
