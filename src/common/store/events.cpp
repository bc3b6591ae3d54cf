#include "common/store/events.hpp"

#include <map>

#include "common/store/event_conditions.hpp"
#include "common/store/event_walk.hpp"
#include "common/store/id_range.hpp"
#include "common/store/source_row.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement get_sql{"event_get", R"sql(
  SELECT e.id, e.project_id, e.event_type, e.body, e.headers, e.idempotency_key, e.received_at, e.matched_count,
         e.endpoint_id, false, e.url_query, e.url_path, x.id AS source_id, x.mask AS source_mask,
         x.name AS source_name, x.type AS source_type, x.provider AS source_provider,
         x.is_disabled AS source_is_disabled
    FROM events e LEFT JOIN sources x ON x.project_id = e.project_id AND x.id = e.source_id
   WHERE e.project_id = $1 AND e.id = $2)sql"};
// The events of a page; those that do not fit into its bytes come without their bodies.
#define FL_EVENT_PAGE(order) \
  R"sql(
  SELECT w.id, w.project_id, w.event_type, CASE WHEN w.n = 1 OR w.bytes <= $3 THEN w.body END, w.headers,
         w.idempotency_key, w.received_at, w.matched_count, w.endpoint_id, NOT (w.n = 1 OR w.bytes <= $3), w.url_query,
         w.url_path, x.id AS source_id, x.mask AS source_mask, x.name AS source_name, x.type AS source_type,
         x.provider AS source_provider, x.is_disabled AS source_is_disabled
    FROM (SELECT e.*, row_number() OVER o AS n, sum(octet_length(e.body)) OVER o AS bytes
            FROM unnest($2::uuid[]) i(id)
            CROSS JOIN LATERAL (SELECT v.* FROM events v WHERE v.project_id = $1 AND v.id = i.id LIMIT 1) e
          WINDOW o AS (ORDER BY e.id )sql" order R"sql()) w
    LEFT JOIN sources x ON x.project_id = $1 AND x.id = w.source_id ORDER BY w.id )sql" order
constexpr Statement page_down_sql{"event_list_DESC", FL_EVENT_PAGE("DESC")};
constexpr Statement page_up_sql{"event_list_ASC", FL_EVENT_PAGE("ASC")};
#undef FL_EVENT_PAGE
// Deliveries of an event that were made with it share its 48 bits of time: one partition each. Those that jobs made
// have an index.
constexpr Statement endpoints_sql{"event_endpoints", R"sql(
  SELECT x.event_id, d.endpoint_id
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) x(event_id, low, high)
    CROSS JOIN LATERAL (
      (SELECT v.endpoint_id FROM deliveries v
        WHERE v.project_id = $1 AND v.event_id = x.event_id AND v.id BETWEEN x.low AND x.high LIMIT $5)
      UNION
      (SELECT v.endpoint_id FROM deliveries v
        WHERE v.project_id = $1 AND v.event_id = x.event_id AND v.job_id IS NOT NULL LIMIT $5)
      LIMIT $5) d)sql"};
constexpr Statement live_key_sql{"event_by_live_key",
                                 "SELECT event_id FROM idempotency_keys WHERE project_id = $1 AND key = $2"};
constexpr Statement key_sql{"event_by_key", R"sql(
  SELECT id FROM events
   WHERE project_id = $1 AND id BETWEEN $2 AND $3 AND idempotency_key = $4 ORDER BY id LIMIT 1)sql"};

StoredEvent event_from(const pqxx::row& row) {
  StoredEvent event{.id = as_id<EventTag>(row[0]), .project = as_id<ProjectTag>(row[1])};
  event.event_type = as_text(row[2]);
  event.body = as_bytes(row[3]);
  event.headers_json = as_text(row[4]);
  event.idempotency_key = as_text(row[5]);
  event.received_at = as_time(row[6]);
  if (!row[7].is_null()) event.matched_count = row[7].as<int>();
  if (!row[8].is_null()) event.endpoints.push_back(as_id<EndpointTag>(row[8]));
  event.is_beyond = row[9].as<bool>();
  event.url_query = as_text(row[10]);
  event.url_path = as_text(row[11]);
  event.source = source_brief_from(row, event.project);
  return event;
}

void add_endpoints(Tx& tx, const ProjectId& project, std::vector<StoredEvent>& events) {
  std::map<EventId, StoredEvent*> open;
  UuidArray ids, lows, highs;
  for (auto& event : events) {
    if (event.is_beyond || !event.endpoints.empty()) continue;
    open[event.id] = &event;
    const auto range = ids_of_same_time(event.id.bytes);
    ids.add(event.id);
    lows.add(DeliveryId{range.low});
    highs.add(DeliveryId{range.high});
  }
  if (open.empty()) return;
  for (const auto& row : tx.exec(endpoints_sql, project, ids.take(), lows.take(), highs.take(), endpoints_shown_max)) {
    auto& endpoints = open[as_id<EventTag>(row[0])]->endpoints;
    const auto endpoint = as_id<EndpointTag>(row[1]);
    if (std::find(endpoints.begin(), endpoints.end(), endpoint) == endpoints.end()) endpoints.push_back(endpoint);
  }
}

// How far a scan came, as its last row says: rows_max or bytes_max ended it, the window did, or there is no more.
constexpr int kScanWindow = 1, kScanEnd = 2;

// A window of ids is read whole, so that a chunk costs the same however few of it the filter wants.
std::string scan_sql(const std::string& conditions) {
  return R"sql(
WITH w AS MATERIALIZED (
  SELECT e.id FROM events e WHERE e.project_id = $1 AND e.id BETWEEN $2 AND $3 ORDER BY e.id LIMIT $4),
c AS MATERIALIZED (
  SELECT e.*, row_number() OVER o AS n, sum(octet_length(e.body)) OVER o AS bytes
    FROM (SELECT e.* FROM w JOIN events e ON e.project_id = $1 AND e.id = w.id AND )sql" +
         conditions + R"sql( ORDER BY e.id LIMIT $5) e
  WINDOW o AS (ORDER BY e.id))
SELECT * FROM (
  SELECT c.id, false, c.event_type, c.endpoint_id, c.owner_id, c.matched_count, c.source_id
    FROM c WHERE c.n = 1 OR c.bytes <= $6
  UNION ALL
  SELECT (SELECT w.id FROM w ORDER BY w.id DESC LIMIT 1), true, NULL, NULL, NULL,
         CASE WHEN EXISTS (SELECT 1 FROM c WHERE c.n > 1 AND c.bytes > $6) OR (SELECT count(*) FROM c) >= $5 THEN 0
              WHEN (SELECT count(*) FROM w) >= $4 THEN 1 ELSE 2 END, NULL) r
 ORDER BY 2, 1)sql";
}

}  // namespace

Result<StoredEvent> get_event(Tx& tx, const ProjectId& project, const EventId& id) {
  const auto rows = tx.exec(get_sql, project, id);
  if (rows.empty()) return fail(Code::not_found, "event not found");
  std::vector<StoredEvent> events{event_from(rows[0])};
  add_endpoints(tx, project, events);
  return std::move(events.front());
}

Result<Walk<StoredEvent>> list_events(Tx& tx, const EventFilter& filter, const Keyset& keyset) {
  FL_TRY(const auto found, walk_events(tx, filter, keyset));
  Walk<StoredEvent> events{.rows = {}, .last = found.last};
  if (found.rows.empty()) return events;
  UuidArray ids;
  for (const auto& id : found.rows) ids.add(EventId{id});
  for (const auto& row :
       tx.exec(keyset.is_descending ? page_down_sql : page_up_sql, filter.project, ids.take(), filter.bytes_max))
    events.rows.push_back(event_from(row));
  add_endpoints(tx, filter.project, events.rows);
  return events;
}

Result<std::optional<EventId>> find_event_by_key(Tx& tx, const ProjectId& project, const std::string& key,
                                                 const Keyset& within) {
  if (const auto live = tx.exec(live_key_sql, project, key); !live.empty()) return as_id<EventTag>(live[0][0]);
  const auto rows = tx.exec(key_sql, project, EventId{within.low}, EventId{within.high}, key);
  if (rows.empty()) return std::nullopt;
  return as_id<EventTag>(rows[0][0]);
}

Result<std::int64_t> count_events(Tx& tx, const EventFilter& filter, const Keyset& within) {
  EventLists lists(filter);
  const auto conditions = conditions_of(filter, 4);
  const auto rows = tx.exec_named(
      "event_count" + conditions.label,
      "SELECT count(*) FROM events e WHERE e.project_id = $1 AND e.id BETWEEN $2 AND $3 AND " + conditions.sql,
      filter.project, EventId{within.low}, EventId{within.high}, filter.start, filter.end, filter.idempotency_key,
      filter.owner_id, lists.endpoints.take(), filter.text_part, filter.missing_for, lists.sources.take(),
      lists.text_low, lists.text_high, lists.payload[0], lists.payload[1], filter.reached_owner);
  return rows[0][0].as<std::int64_t>();
}

Result<EventScan> scan_events(Tx& tx, const EventFilter& filter, const ScanRange& range) {
  EventLists lists(filter);
  const auto conditions = conditions_of(filter, 7);
  EventScan scan;
  for (const auto& row :
       tx.exec_named("event_scan" + conditions.label, scan_sql(conditions.sql), filter.project, EventId{range.low},
                     EventId{range.high}, range.window, range.rows_max, filter.bytes_max, filter.start, filter.end,
                     filter.idempotency_key, filter.owner_id, lists.endpoints.take(), filter.text_part,
                     filter.missing_for, lists.sources.take(), lists.text_low, lists.text_high, lists.payload[0],
                     lists.payload[1], filter.reached_owner)) {
    if (!row[1].as<bool>()) {
      scan.events.push_back({as_id<EventTag>(row[0]), as_text(row[2]), as_optional_id<EndpointTag>(row[3]),
                             as_text(row[4]), as_optional_id<SourceTag>(row[6]), !row[5].is_null(),
                             !row[5].is_null() && row[5].as<int>() == 0});
      continue;
    }
    scan.is_last = row[5].as<int>() == kScanEnd;
    if (row[5].as<int>() < kScanWindow && !scan.events.empty())
      scan.last = scan.events.back().id.bytes;
    else if (!row[0].is_null())
      scan.last = as_id<EventTag>(row[0]).bytes;
  }
  return scan;
}

}  // namespace fairlead::store
