#include "common/store/deliveries.hpp"

#include <nlohmann/json.hpp>

#include "common/store/id_range.hpp"
#include "common/store/queue.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

using nlohmann::json;

// `p`: the deliveries of the page, read first, so that everything joined to them is a look-up by key.
constexpr const char* kJoined = R"sql(
SELECT p.*, e.event_type, e.body, e.headers, e.idempotency_key, e.received_at, s.delivery_mode, s.retry_config, n.name,
       n.url, n.owner_id, n.support_email, n.deleted_at AS endpoint_deleted_at,
       CASE WHEN t.status = 'inactive' AND t.generation = n.generation THEN 'inactive' ELSE n.status
       END AS endpoint_status
  FROM p
  LEFT JOIN LATERAL (SELECT v.event_type, v.body, v.headers, v.idempotency_key, v.received_at FROM events v
                      WHERE v.project_id = p.project_id AND v.id = p.event_id LIMIT 1) e ON true
  LEFT JOIN subscriptions s ON s.project_id = p.project_id AND s.id = p.subscription_id
  LEFT JOIN endpoints n ON n.project_id = p.project_id AND n.id = p.endpoint_id
  LEFT JOIN endpoint_state t ON t.project_id = p.project_id AND t.endpoint_id = p.endpoint_id)sql";
constexpr const char* kColumns = R"sql(
SELECT w.id, w.project_id, w.event_id, w.endpoint_id, w.subscription_id, w.created_at, w.updated_at, w.next_at,
       w.status, w.attempts, w.reason, w.event_type, CASE WHEN w.n = 1 OR w.bytes <= $3 THEN w.body END, w.headers,
       w.idempotency_key, w.received_at, w.delivery_mode, w.retry_config, w.name, w.url, w.owner_id, w.support_email,
       w.endpoint_deleted_at, w.endpoint_status, NOT (w.n = 1 OR w.bytes <= $3)
  FROM (SELECT j.*, row_number() OVER o AS n, sum(coalesce(octet_length(j.body), 0)) OVER o AS bytes FROM j
        WINDOW o AS (ORDER BY j.id )sql";

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

// The page's statement for the filters that are set; every parameter appears, so that all variants take the same ones.
std::pair<std::string, std::string> list_statement(const DeliveryFilter& filter, const Keyset& keyset) {
  const std::string order = keyset.is_descending ? "DESC" : "ASC";
  const bool is_failures = filter.statuses == std::vector{DeliveryStatus::failure};
  std::string name = "delivery_list_" + order + (is_failures ? "_failures" : "");
  std::string page = "SELECT d.* FROM deliveries d";
  std::string key = "d.id";
  if (is_failures) {  // narrow, so that the few failures among many successes are found by key
    page =
        "SELECT d.* FROM failed_deliveries f JOIN deliveries d ON d.project_id = f.project_id AND d.id = f.delivery_id";
    key = "f.delivery_id";
  }
  page += " WHERE " + key.substr(0, 2) + "project_id = $1 AND " + key +
          " BETWEEN $2 AND $4 AND d.created_at >= $6 AND d.created_at < $7";
  const auto add = [&](bool is_set, const char* label, const char* condition, const char* otherwise) {
    page += std::string(" AND ") + (is_set ? condition : otherwise);
    if (is_set) name += label;
  };
  add(!filter.endpoints.empty(), "_endpoint", "d.endpoint_id = ANY ($8::uuid[])", "$8::uuid[] IS NOT NULL");
  add(filter.event.has_value(), "_event", "d.event_id = $9::uuid", "$9::uuid IS NULL");
  add(filter.subscription.has_value(), "_subscription", "d.subscription_id = $10::uuid", "$10::uuid IS NULL");
  add(!filter.statuses.empty(), "_status", "d.status = ANY ($11::smallint[])", "$11::smallint[] IS NOT NULL");
  add(!filter.event_type.empty(), "_type",
      "EXISTS (SELECT 1 FROM events e WHERE e.project_id = $1 AND e.id = d.event_id AND e.event_type = $12)",
      "$12 = ''");
  page += " ORDER BY " + key + " " + order + " LIMIT $5";
  return {name, statement(page, order)};
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

Result<std::vector<StoredDelivery>> list_deliveries(Tx& tx, const DeliveryFilter& filter, const Keyset& keyset) {
  UuidArray endpoints;
  Int2Array statuses;
  for (const auto& endpoint : filter.endpoints) endpoints.add(endpoint);
  for (const auto status : filter.statuses) statuses.add(static_cast<std::int16_t>(status));
  const auto [name, sql] = list_statement(filter, keyset);
  auto low = keyset.low, high = keyset.high;
  if (filter.event) {  // its deliveries share its time: a few rows of the key's index
    const auto range = ids_of_same_time(filter.event->bytes);
    low = std::max(low, range.low);
    high = std::min(high, range.high);
  }
  std::vector<StoredDelivery> deliveries;
  for (const auto& row : tx.exec_named(name, sql, filter.project, DeliveryId{low}, filter.bytes_max, DeliveryId{high},
                                       keyset.rows_max, filter.start, filter.end, endpoints.take(), filter.event,
                                       filter.subscription, statuses.take(), filter.event_type)) {
    deliveries.push_back(delivery_from(row));
  }
  FL_TRY_VOID(mark_begun(tx, filter.project, deliveries));
  return deliveries;
}

}  // namespace fairlead::store
