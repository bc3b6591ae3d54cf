#include "common/store/queue.hpp"

#include <algorithm>

#include "common/crypto/digest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement lane_count_sql{"lane_count", "SELECT count(*) FROM lanes"};
constexpr Statement scan_sql{"queue_scan", R"sql(
  WITH RECURSIVE s AS (
    SELECT l.lane, l.floor, f.endpoint_id, f.project_id, f.due_at
      FROM unnest($1::smallint[], $2::timestamptz[]) l(lane, floor)
      CROSS JOIN LATERAL (
        SELECT q.endpoint_id, q.project_id, q.due_at FROM queue q
         WHERE q.lane = l.lane AND q.due_at >= l.floor
         ORDER BY q.lane, q.endpoint_id, q.due_at LIMIT 1) f
    UNION ALL
    SELECT s.lane, s.floor, f.endpoint_id, f.project_id, f.due_at
      FROM s CROSS JOIN LATERAL (
        SELECT q.endpoint_id, q.project_id, q.due_at FROM queue q
         WHERE q.lane = s.lane AND q.endpoint_id > s.endpoint_id AND q.due_at >= s.floor
         ORDER BY q.lane, q.endpoint_id, q.due_at LIMIT 1) f)
  SELECT lane, endpoint_id, project_id, due_at, statement_timestamp() FROM s
  UNION ALL SELECT NULL, NULL, NULL, NULL, statement_timestamp())sql"};
// Two index ranges an endpoint: what is due, and the first row behind it.
constexpr Statement fetch_sql{"queue_fetch", R"sql(
  SELECT r.lane, r.endpoint_id, r.due_at, r.delivery_id, r.project_id, r.event_id, r.subscription_id, r.attempt,
         r.config_version, r.is_due, r.attempts_before
    FROM unnest($1::smallint[], $2::uuid[], $3::int[], $4::timestamptz[]) w(lane, endpoint_id, rows_max, floor)
    CROSS JOIN LATERAL (
      (SELECT q.*, true AS is_due FROM queue q
        WHERE q.lane = w.lane AND q.endpoint_id = w.endpoint_id AND q.due_at >= w.floor
          AND q.due_at <= statement_timestamp()
        ORDER BY q.lane, q.endpoint_id, q.due_at LIMIT w.rows_max)
      UNION ALL
      (SELECT q.*, false FROM queue q
        WHERE q.lane = w.lane AND q.endpoint_id = w.endpoint_id AND q.due_at > statement_timestamp()
        ORDER BY q.lane, q.endpoint_id, q.due_at LIMIT 1)) r)sql"};
constexpr Statement contents_sql{"event_contents", R"sql(
  SELECT e.id, e.event_type, e.body, e.headers, e.idempotency_key, e.trace_parent, e.source_id, e.url_query, e.url_path,
         e.content_type
    FROM unnest($1::uuid[], $2::uuid[]) w(project_id, id)
    CROSS JOIN LATERAL (SELECT * FROM events v WHERE v.project_id = w.project_id AND v.id = w.id LIMIT 1) e)sql"};
// By place, for the same reason as in results.cpp.
constexpr Statement change_sql{"queue_change", R"sql(
  UPDATE queue q SET due_at = c.new_due, attempt = c.new_attempt
    FROM unnest($1::smallint[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::smallint[],
                $7::timestamptz[], $8::smallint[])
      c(lane, endpoint_id, due_at, delivery_id, project_id, attempt, new_due, new_attempt)
   WHERE q.ctid = (SELECT p.ctid FROM queue p
                    WHERE p.lane = c.lane AND p.endpoint_id = c.endpoint_id AND p.due_at = c.due_at
                      AND p.delivery_id = c.delivery_id AND p.project_id = c.project_id AND p.attempt = c.attempt)
     AND q.delivery_id = c.delivery_id AND q.due_at = c.due_at AND q.attempt = c.attempt
  RETURNING q.delivery_id)sql"};

QueueRow row_from(const pqxx::row& row) {
  return {.lane = row[0].as<std::int16_t>(),
          .project = as_id<ProjectTag>(row[4]),
          .endpoint = as_id<EndpointTag>(row[1]),
          .delivery = as_id<DeliveryTag>(row[3]),
          .event = as_id<EventTag>(row[5]),
          .subscription = as_id<SubscriptionTag>(row[6]),
          .due = as_time(row[2]),
          .attempt = row[7].as<int>(),
          .config_version = row[8].as<std::int64_t>(),
          .attempts_before = row[10].is_null() ? 0 : row[10].as<int>()};
}

}  // namespace

std::int16_t lane_of(const IdBytes& id, int lane_count) {
  const auto digest = crypto::sha256(std::string_view(reinterpret_cast<const char*>(id.data()), id.size()));
  std::uint64_t head = 0;
  for (std::size_t index = 0; index < 8; ++index) head = head << 8 | digest[index];
  return static_cast<std::int16_t>(head % static_cast<std::uint64_t>(lane_count));
}

Result<int> lane_count(Tx& tx) { return tx.exec(lane_count_sql)[0][0].as<int>(); }

Result<DueScan> scan_due(Tx& tx, const std::vector<LaneFloor>& lanes) {
  Int2Array lane;
  TimestampArray floor;
  for (const auto& each : lanes) {
    lane.add(each.lane);
    floor.add(each.floor);
  }
  DueScan scan;
  for (const auto& row : tx.exec(scan_sql, lane.take(), floor.take())) {
    scan.now = as_time(row[4]);
    if (row[0].is_null()) continue;
    scan.endpoints.push_back(
        {row[0].as<std::int16_t>(), as_id<EndpointTag>(row[1]), as_id<ProjectTag>(row[2]), as_time(row[3])});
  }
  return scan;
}

Result<FetchedRows> fetch_rows(Tx& tx, const std::vector<FetchWish>& wishes) {
  Int2Array lane;
  UuidArray endpoint;
  Int4Array rows_max;
  TimestampArray floor;
  for (const auto& wish : wishes) {
    lane.add(wish.lane);
    endpoint.add(wish.endpoint);
    rows_max.add(wish.rows_max);
    floor.add(wish.floor);
  }
  FetchedRows fetched;
  for (const auto& row : tx.exec(fetch_sql, lane.take(), endpoint.take(), rows_max.take(), floor.take())) {
    auto read = row_from(row);
    if (row[9].as<bool>())
      fetched.due.push_back(read);
    else
      fetched.later.push_back({read.lane, read.endpoint, read.project, read.due});
  }
  return fetched;
}

Result<std::vector<StoredContent>> load_contents(Tx& tx, const std::vector<EventKey>& events) {
  UuidArray project, id;
  for (const auto& key : events) {
    project.add(key.project);
    id.add(key.event);
  }
  std::vector<StoredContent> contents;
  for (const auto& row : tx.exec(contents_sql, project.take(), id.take())) {
    auto content = std::make_shared<EventContent>();
    content->event_type = as_text(row[1]);
    content->body = std::make_shared<const std::string>(as_bytes(row[2]));
    content->headers_json = as_text(row[3]);
    content->idempotency_key = as_text(row[4]);
    content->trace_parent = as_text(row[5]);
    if (!row[6].is_null()) {
      content->origin = std::make_shared<const EventOrigin>(
          EventOrigin{as_id<SourceTag>(row[6]), as_text(row[7]), as_text(row[8]), as_text(row[9])});
    }
    contents.push_back({as_id<EventTag>(row[0]), std::move(content)});
  }
  return contents;
}

Result<ContentsPart> load_contents_part(Tx& tx, const std::vector<EventKey>& events, std::size_t bytes_max) {
  ContentsPart part;
  for (std::size_t bytes = 0; part.looked_at < events.size() && bytes < bytes_max;) {
    const auto begin = events.begin() + static_cast<std::ptrdiff_t>(part.looked_at);
    const auto count = std::min(content_chunk_max, events.size() - part.looked_at);
    FL_TRY(auto chunk, load_contents(tx, {begin, begin + static_cast<std::ptrdiff_t>(count)}));
    for (auto& each : chunk) {
      bytes += each.content->body->size() + each.content->headers_json.size();
      part.contents.push_back(std::move(each));
    }
    part.looked_at += count;
  }
  return part;
}

Result<std::vector<DeliveryId>> change_rows(Tx& tx, const std::vector<RowChange>& changes) {
  UuidArray endpoint, delivery, project;
  Int2Array lane, attempt, new_attempt;
  TimestampArray due, new_due;
  for (const auto& change : changes) {
    lane.add(change.row.lane);
    endpoint.add(change.row.endpoint);
    due.add(change.row.due);
    delivery.add(change.row.delivery);
    project.add(change.row.project);
    attempt.add(change.row.attempt);
    new_due.add(change.due);
    new_attempt.add(change.attempt);
  }
  std::vector<DeliveryId> changed;
  for (const auto& row : tx.exec(change_sql, lane.take(), endpoint.take(), due.take(), delivery.take(), project.take(),
                                 attempt.take(), new_due.take(), new_attempt.take())) {
    changed.push_back(as_id<DeliveryTag>(row[0]));
  }
  return changed;
}

}  // namespace fairlead::store
