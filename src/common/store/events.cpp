#include "common/store/events.hpp"

#include <map>

#include "common/store/id_range.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement get_sql{"event_get", R"sql(
  SELECT id, project_id, event_type, body, headers, idempotency_key, received_at, matched_count, endpoint_id, false
    FROM events WHERE project_id = $1 AND id = $2)sql"};
// Deliveries of an event that were made with it share its 48 bits of time: one partition each.
constexpr Statement endpoints_sql{"event_endpoints", R"sql(
  SELECT x.event_id, d.endpoint_id
    FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) x(event_id, low, high)
    CROSS JOIN LATERAL (
      SELECT v.endpoint_id FROM deliveries v
       WHERE v.project_id = $1 AND v.event_id = x.event_id AND v.id BETWEEN x.low AND x.high LIMIT $5) d)sql"};
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

// The statement for the filters that are set; every parameter appears, so that all variants take the same ones.
std::pair<std::string, std::string> list_statement(const EventFilter& filter, const Keyset& keyset) {
  const std::string order = keyset.is_descending ? "DESC" : "ASC";
  std::string name = "event_list_" + order;
  std::string where = "e.project_id = $1 AND e.id BETWEEN $2 AND $3 AND e.received_at >= $5 AND e.received_at < $6";
  const auto add = [&](bool is_set, const char* label, const char* condition, const char* otherwise) {
    where += std::string(" AND ") + (is_set ? condition : otherwise);
    if (is_set) name += label;
  };
  add(!filter.idempotency_key.empty(), "_key", "e.idempotency_key = $7", "$7 = ''");
  add(!filter.owner_id.empty(), "_owner",
      "(e.owner_id = $8 OR e.endpoint_id IN (SELECT o.id FROM endpoints o WHERE o.project_id = $1 AND o.owner_id = "
      "$8))",
      "$8 = ''");
  add(!filter.endpoints.empty(), "_endpoint",
      "(e.endpoint_id = ANY ($9::uuid[]) OR EXISTS (SELECT 1 FROM deliveries d WHERE d.project_id = $1 AND d.event_id "
      "= e.id"
      " AND d.endpoint_id = ANY ($9::uuid[])"
      " AND d.id BETWEEN (left(e.id::text, 13) || '-0000-0000-000000000000')::uuid"
      " AND (left(e.id::text, 13) || '-ffff-ffff-ffffffffffff')::uuid))",
      "$9::uuid[] IS NOT NULL");
  add(!filter.text_part.empty(), "_text",
      "(position(lower($10) IN lower(e.event_type)) > 0 OR position(lower($10) IN lower(e.idempotency_key)) > 0)",
      "$10 = ''");
  return {name, R"sql(
SELECT w.id, w.project_id, w.event_type, CASE WHEN w.n = 1 OR w.bytes <= $11 THEN w.body END, w.headers,
       w.idempotency_key, w.received_at, w.matched_count, w.endpoint_id, NOT (w.n = 1 OR w.bytes <= $11)
  FROM (SELECT p.*, row_number() OVER o AS n, sum(octet_length(p.body)) OVER o AS bytes
          FROM (SELECT e.* FROM events e WHERE )sql" +
                    where + " ORDER BY e.id " + order + R"sql( LIMIT $4) p
        WINDOW o AS (ORDER BY p.id )sql" +
                    order + ")) w ORDER BY w.id " + order};
}

}  // namespace

Result<StoredEvent> get_event(Tx& tx, const ProjectId& project, const EventId& id) {
  const auto rows = tx.exec(get_sql, project, id);
  if (rows.empty()) return fail(Code::not_found, "event not found");
  std::vector<StoredEvent> events{event_from(rows[0])};
  add_endpoints(tx, project, events);
  return std::move(events.front());
}

Result<std::vector<StoredEvent>> list_events(Tx& tx, const EventFilter& filter, const Keyset& keyset) {
  UuidArray endpoints;
  for (const auto& endpoint : filter.endpoints) endpoints.add(endpoint);
  const auto [name, sql] = list_statement(filter, keyset);
  std::vector<StoredEvent> events;
  for (const auto& row : tx.exec_named(name, sql, filter.project, EventId{keyset.low}, EventId{keyset.high},
                                       keyset.rows_max, filter.start, filter.end, filter.idempotency_key,
                                       filter.owner_id, endpoints.take(), filter.text_part, filter.bytes_max)) {
    events.push_back(event_from(row));
  }
  add_endpoints(tx, filter.project, events);
  return events;
}

Result<std::optional<EventId>> find_event_by_key(Tx& tx, const ProjectId& project, const std::string& key,
                                                 const Keyset& within) {
  if (const auto live = tx.exec(live_key_sql, project, key); !live.empty()) return as_id<EventTag>(live[0][0]);
  const auto rows = tx.exec(key_sql, project, EventId{within.low}, EventId{within.high}, key);
  if (rows.empty()) return std::nullopt;
  return as_id<EventTag>(rows[0][0]);
}

}  // namespace fairlead::store
