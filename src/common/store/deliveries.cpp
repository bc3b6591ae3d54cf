#include "common/store/deliveries.hpp"

#include <nlohmann/json.hpp>

#include "common/store/delivery_conditions.hpp"
#include "common/store/delivery_walk.hpp"
#include "common/store/queue.hpp"
#include "common/store/source_row.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

using nlohmann::json;

// `p`: the deliveries of the page, read first, so that everything joined to them is a look-up by key.
constexpr const char* kJoined = R"sql(
SELECT p.*, e.event_type, e.body, e.headers, e.idempotency_key, e.received_at, s.delivery_mode, s.retry_config, n.name,
       n.url, n.owner_id, n.support_email, n.deleted_at AS endpoint_deleted_at,
       CASE WHEN t.status = 'inactive' AND t.generation = n.generation THEN 'inactive' ELSE n.status
       END AS endpoint_status,
       e.url_query, x.id AS source_id, x.mask AS source_mask, x.name AS source_name, x.type AS source_type,
       x.provider AS source_provider, x.is_disabled AS source_is_disabled
  FROM p
  LEFT JOIN LATERAL (SELECT v.event_type, v.body, v.headers, v.idempotency_key, v.received_at,
                             v.source_id, v.url_query FROM events v
                      WHERE v.project_id = p.project_id AND v.id = p.event_id LIMIT 1) e ON true
  LEFT JOIN subscriptions s ON s.project_id = p.project_id AND s.id = p.subscription_id
  LEFT JOIN sources x ON x.project_id = p.project_id AND x.id = e.source_id
  LEFT JOIN endpoints n ON n.project_id = p.project_id AND n.id = p.endpoint_id
  LEFT JOIN endpoint_state t ON t.project_id = p.project_id AND t.endpoint_id = p.endpoint_id)sql";
constexpr const char* kColumns = R"sql(
SELECT w.id, w.project_id, w.event_id, w.endpoint_id, w.subscription_id, w.created_at,
       coalesce(w.updated_at, w.created_at),
       CASE WHEN w.status <= 1 THEN coalesce(w.next_at, w.created_at) END, w.status, w.attempts, w.reason,
       w.event_type, CASE WHEN w.n = 1 OR w.bytes <= $3 THEN w.body END, w.headers,
       w.idempotency_key, w.received_at, w.delivery_mode, w.retry_config, w.name, w.url, w.owner_id, w.support_email,
       w.endpoint_deleted_at, w.endpoint_status, NOT (w.n = 1 OR w.bytes <= $3), w.url_query, w.source_id,
       w.source_mask, w.source_name, w.source_type, w.source_provider, w.source_is_disabled
  FROM (SELECT j.*, row_number() OVER o AS n, sum(coalesce(octet_length(j.body), 0)) OVER o AS bytes FROM j
        WINDOW o AS (ORDER BY j.id )sql";

constexpr const char* kPage = R"sql(
SELECT d.* FROM unnest($2::uuid[]) x(id)
  CROSS JOIN LATERAL (SELECT v.* FROM deliveries v WHERE v.project_id = $1 AND v.id = x.id LIMIT 1) d)sql";

constexpr Statement begun_sql{"delivery_begun", R"sql(
  SELECT q.delivery_id
    FROM unnest($2::smallint[], $3::uuid[], $4::timestamptz[], $5::uuid[]) x(lane, endpoint_id, due_at, id)
    JOIN queue q ON q.lane = x.lane AND q.endpoint_id = x.endpoint_id AND q.due_at = x.due_at AND q.delivery_id = x.id
                AND q.project_id = $1
   WHERE q.attempt < 0)sql"};

std::string statement(const std::string& page, const std::string& order) {
  return "WITH p AS MATERIALIZED (" + page + "), j AS (" + kJoined + ")" + kColumns + order + ")) w ORDER BY w.id " +
         order;
}

StoredDelivery delivery_from(const pqxx::row& row) {
  StoredDelivery delivery{.id = as_id<DeliveryTag>(row[0]),
                          .project = as_id<ProjectTag>(row[1]),
                          .event = as_id<EventTag>(row[2]),
                          .endpoint = as_id<EndpointTag>(row[3]),
                          .subscription = as_id<SubscriptionTag>(row[4]),
                          .created_at = as_time(row[5]),
                          .updated_at = as_time(row[6]),
                          .next_at = as_optional_time(row[7]),
                          .status = static_cast<DeliveryStatus>(row[8].as<int>()),
                          .attempts = row[9].as<int>(),
                          .reason = as_text(row[10]),
                          .event_type = as_text(row[11]),
                          .body = as_bytes(row[12]),
                          .headers_json = as_text(row[13]),
                          .idempotency_key = as_text(row[14]),
                          .event_received_at = as_optional_time(row[15]),
                          .delivery_mode = row[16].is_null() ? "at_least_once" : as_text(row[16]),
                          .is_beyond = row[24].as<bool>()};
  if (!row[17].is_null()) {
    const auto retry = json::parse(as_text(row[17]));
    delivery.retry = SubscriptionRetry{retry.value("type", "linear"), retry.value("interval_seconds", 0),
                                       retry.value("retry_count", 0)};
  }
  delivery.endpoint_brief = {.id = delivery.endpoint,
                             .project = delivery.project,
                             .name = as_text(row[18]),
                             .url = as_text(row[19]),
                             .owner_id = as_text(row[20]),
                             .support_email = as_text(row[21]),
                             .status = as_text(row[23]),
                             .deleted_at = as_optional_time(row[22])};
  delivery.url_query = as_text(row["url_query"]);
  delivery.source = source_brief_from(row, delivery.project);
  return delivery;
}

// Only at-most-once deliveries leave a mark of their sending in the queue.
Result<void> mark_begun(Tx& tx, const ProjectId& project, std::vector<StoredDelivery>& deliveries) {
  Int2Array lanes;
  UuidArray endpoints, ids;
  TimestampArray dues;
  int lane_total = 0;
  for (const auto& delivery : deliveries) {
    if (delivery.delivery_mode != "at_most_once" || !delivery.next_at || delivery.is_beyond) continue;
    if (lane_total == 0) {
      FL_TRY(lane_total, lane_count(tx));
    }
    lanes.add(lane_of(delivery.endpoint.bytes, lane_total));
    endpoints.add(delivery.endpoint);
    dues.add(*delivery.next_at);
    ids.add(delivery.id);
  }
  if (lane_total == 0) return {};
  for (const auto& row : tx.exec(begun_sql, project, lanes.take(), endpoints.take(), dues.take(), ids.take())) {
    const auto id = as_id<DeliveryTag>(row[0]);
    for (auto& delivery : deliveries) delivery.is_begun = delivery.is_begun || delivery.id == id;
  }
  return {};
}

// Where the filter's deliveries are found by key, between the ids $2 and `high`.
struct Place {
  std::string label, from, key;
};
Place place_of(const DeliveryFilter& filter, const std::string& high, const std::string& event) {
  if (filter.event) {
    return {"_of_event", "(" + deliveries_of_event_sql("v.*", event, "$2", high) + ") d", "d.id"};
  }
  // Narrow, so that the few failures among many successes are found by key.
  if (filter.statuses == std::vector{DeliveryStatus::failure}) {
    return {"_failures",
            "failed_deliveries f JOIN deliveries d ON d.project_id = f.project_id AND d.id = f.delivery_id",
            "f.delivery_id"};
  }
  return {"", "deliveries d", "d.id"};
}

std::string between(const Place& place, const std::string& high) {
  return place.key.substr(0, 2) + "project_id = $1 AND " + place.key + " BETWEEN $2 AND " + high;
}

// A window of ids is read whole, so that a chunk costs the same however few of it the filter wants. One endpoint's are
// neighbours in an index of their own.
std::string scan_sql(const DeliveryFilter& filter, const Place& place, const DeliveryConditions& conditions) {
  const std::string narrowed = filter.endpoints.size() == 1 ? " AND d.endpoint_id = ($8::uuid[])[1]" : "";
  return R"sql(
WITH w AS MATERIALIZED (
  SELECT d.* FROM )sql" +
         place.from + " WHERE " + between(place, "$3") + narrowed + " ORDER BY " + place.key + R"sql( LIMIT $4),
c AS MATERIALIZED (SELECT d.id FROM w d WHERE )sql" +
         conditions.sql + R"sql( ORDER BY d.id LIMIT $5)
SELECT r.* FROM (
  SELECT c.id, NULL::int AS came FROM c
  UNION ALL
  SELECT (SELECT w.id FROM w ORDER BY w.id DESC LIMIT 1),
         CASE WHEN (SELECT count(*) FROM c) >= $5 THEN 0 WHEN (SELECT count(*) FROM w) >= $4 THEN 1 ELSE 2 END) r
 ORDER BY r.came NULLS FIRST, r.id)sql";
}
// How far a scan came, as its last row says: rows_max ended it, the window did, or there is no more.
constexpr int kScanWindow = 1, kScanEnd = 2;

// `what` of the filter's deliveries, read in one go.
pqxx::result aggregate(Tx& tx, const DeliveryFilter& filter, const Keyset& within, const std::string& name,
                       const std::string& what) {
  DeliveryLists lists(filter);
  const auto place = place_of(filter, "$3", "$7");
  const auto conditions = conditions_of(filter, 4);
  const auto group = what.starts_with("d.status") ? " GROUP BY d.status" : "";
  return tx.exec_named(
      name + place.label + conditions.label,
      "SELECT " + what + " FROM " + place.from + " WHERE " + between(place, "$3") + " AND " + conditions.sql + group,
      filter.project, DeliveryId{within.low}, DeliveryId{within.high}, filter.start, filter.end, lists.endpoints.take(),
      filter.event, filter.subscription, lists.statuses.take(), filter.event_type, filter.owner_id);
}

}  // namespace

Result<StoredDelivery> get_delivery(Tx& tx, const ProjectId& project, const DeliveryId& id) {
  static const std::string sql =
      statement("SELECT d.* FROM deliveries d WHERE d.project_id = $1 AND d.id = $2", "DESC");
  const auto rows = tx.exec_named("delivery_get", sql, project, id, std::int64_t{0});
  if (rows.empty()) return fail(Code::not_found, "event delivery not found");
  std::vector<StoredDelivery> deliveries{delivery_from(rows[0])};
  FL_TRY_VOID(mark_begun(tx, project, deliveries));
  return std::move(deliveries.front());
}

Result<Walk<StoredDelivery>> list_deliveries(Tx& tx, const DeliveryFilter& filter, const Keyset& keyset) {
  FL_TRY(const auto found, walk_deliveries(tx, filter, keyset));
  Walk<StoredDelivery> deliveries{.rows = {}, .last = found.last};
  if (found.rows.empty()) return deliveries;
  UuidArray ids;
  for (const auto& id : found.rows) ids.add(DeliveryId{id});
  const std::string order = keyset.is_descending ? "DESC" : "ASC";
  for (const auto& row :
       tx.exec_named("delivery_list_" + order, statement(kPage, order), filter.project, ids.take(), filter.bytes_max))
    deliveries.rows.push_back(delivery_from(row));
  FL_TRY_VOID(mark_begun(tx, filter.project, deliveries.rows));
  return deliveries;
}

Result<std::int64_t> count_deliveries(Tx& tx, const DeliveryFilter& filter, const Keyset& within) {
  return aggregate(tx, filter, within, "delivery_count", "count(*)")[0][0].as<std::int64_t>();
}

Result<std::map<DeliveryStatus, std::int64_t>> count_by_status(Tx& tx, const DeliveryFilter& filter,
                                                               const Keyset& within) {
  std::map<DeliveryStatus, std::int64_t> counts;
  for (const auto& row : aggregate(tx, filter, within, "delivery_totals", "d.status, count(*)"))
    counts[static_cast<DeliveryStatus>(row[0].as<int>())] = row[1].as<std::int64_t>();
  return counts;
}

Result<DeliveryScan> scan_deliveries(Tx& tx, const DeliveryFilter& filter, const ScanRange& range) {
  DeliveryLists lists(filter);
  const auto place = place_of(filter, "$3", "$9");
  const auto conditions = conditions_of(filter, 6);
  const std::string one = filter.endpoints.size() == 1 ? "_one" : "";
  DeliveryScan scan;
  for (const auto& row :
       tx.exec_named("delivery_scan" + one + place.label + conditions.label, scan_sql(filter, place, conditions),
                     filter.project, DeliveryId{range.low}, DeliveryId{range.high}, range.window, range.rows_max,
                     filter.start, filter.end, lists.endpoints.take(), filter.event, filter.subscription,
                     lists.statuses.take(), filter.event_type, filter.owner_id)) {
    if (row[1].is_null()) {
      scan.deliveries.push_back(as_id<DeliveryTag>(row[0]));
      continue;
    }
    scan.is_last = row[1].as<int>() == kScanEnd;
    if (row[1].as<int>() < kScanWindow && !scan.deliveries.empty())
      scan.last = scan.deliveries.back().bytes;
    else if (!row[0].is_null())
      scan.last = as_id<DeliveryTag>(row[0]).bytes;
  }
  return scan;
}

}  // namespace fairlead::store
