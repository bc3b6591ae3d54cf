#include "common/store/subscriptions.hpp"

#include <nlohmann/json.hpp>

#include "common/store/owned_endpoints.hpp"
#include "common/store/source_row.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

using nlohmann::json;

constexpr const char* kColumns = R"sql(
  SELECT s.project_id, s.id, s.endpoint_id, s.name, array_to_json(s.event_types), s.delivery_mode, s.retry_config,
         s.created_at, s.updated_at, e.name, e.url, e.owner_id, e.support_email, e.deleted_at,
         CASE WHEN t.status = 'inactive' AND t.generation = e.generation THEN 'inactive' ELSE e.status END,
         x.id AS source_id, x.mask AS source_mask, x.name AS source_name, x.type AS source_type,
         x.provider AS source_provider, x.is_disabled AS source_is_disabled,
         f.headers AS filter_headers, f.query AS filter_query, f.path AS filter_path, f.body AS filter_body,
         s.function, s.alert_config, s.rate_limit_config
    FROM subscriptions s
    JOIN endpoints e ON e.project_id = s.project_id AND e.id = s.endpoint_id
    LEFT JOIN endpoint_state t ON t.project_id = s.project_id AND t.endpoint_id = s.endpoint_id
    LEFT JOIN sources x ON x.project_id = s.project_id AND x.id = s.source_id
    LEFT JOIN filters f ON f.project_id = s.project_id AND f.subscription_id = s.id
          AND f.event_type = s.event_types[1] AND f.deleted_at IS NULL)sql";

constexpr Statement used_sql{"subscription_endpoint_used", R"sql(
  SELECT 1 FROM subscriptions
   WHERE project_id = $1 AND endpoint_id = $2 AND id <> $3 AND deleted_at IS NULL LIMIT 1)sql"};
constexpr Statement insert_sql{"subscription_insert", R"sql(
  INSERT INTO subscriptions (project_id, id, endpoint_id, name, event_types, delivery_mode, retry_config, version,
                             created_at, updated_at, source_id, function, alert_config, rate_limit_config)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14))sql"};
constexpr Statement update_sql{"subscription_update", R"sql(
  UPDATE subscriptions SET endpoint_id = $3, name = $4, event_types = $5, delivery_mode = $6, retry_config = $7,
         version = $8, updated_at = $9, source_id = $10, function = $11, alert_config = $12,
         rate_limit_config = $13,
         former_endpoints = CASE WHEN endpoint_id = $3 OR endpoint_id = ANY (former_endpoints) THEN former_endpoints
                                 WHEN cardinality(former_endpoints) < 50 THEN former_endpoints || endpoint_id END
   WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL)sql"};
constexpr Statement delete_sql{"subscription_delete", R"sql(
  UPDATE subscriptions SET deleted_at = $3, updated_at = $3, version = $4
   WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL)sql"};

Wire types_to(const std::vector<std::string>& types) {
  TextArray list;
  for (const auto& type : types) list.add(type);
  return list.take();
}

std::optional<std::string> retry_to(const std::optional<SubscriptionRetry>& retry) {
  if (!retry) return std::nullopt;
  return json{{"type", retry->type}, {"interval_seconds", retry->interval_seconds}, {"retry_count", retry->retry_count}}
      .dump();
}

std::optional<std::string> alert_to(const std::optional<SubscriptionAlert>& alert) {
  if (!alert) return std::nullopt;
  return json{{"count", alert->count}, {"threshold", alert->threshold}}.dump();
}

std::optional<std::string> rate_limit_to(const std::optional<SubscriptionRateLimit>& limit) {
  if (!limit) return std::nullopt;
  return json{{"count", limit->count}, {"duration", limit->duration_seconds}}.dump();
}

void read_kept(const pqxx::row& row, Subscription& subscription) {
  if (const auto field = row["function"]; !field.is_null()) subscription.function = as_text(field);
  if (const auto field = row["alert_config"]; !field.is_null()) {
    const auto alert = json::parse(as_text(field));
    subscription.alert = SubscriptionAlert{alert.value("count", 0), alert.value("threshold", "")};
  }
  if (const auto field = row["rate_limit_config"]; !field.is_null()) {
    const auto limit = json::parse(as_text(field));
    subscription.rate_limit = SubscriptionRateLimit{limit.value("count", 0), limit.value("duration", 0)};
  }
}

Subscription subscription_from(const pqxx::row& row) {
  Subscription subscription{.project = as_id<ProjectTag>(row[0]),
                            .id = as_id<SubscriptionTag>(row[1]),
                            .endpoint = as_id<EndpointTag>(row[2]),
                            .name = as_text(row[3]),
                            .event_types = json::parse(as_text(row[4])).get<std::vector<std::string>>(),
                            .delivery_mode = as_text(row[5]),
                            .created_at = as_time(row[7]),
                            .updated_at = as_time(row[8])};
  if (!row[6].is_null()) {
    const auto retry = json::parse(as_text(row[6]));
    subscription.retry = SubscriptionRetry{retry.value("type", "linear"), retry.value("interval_seconds", 0),
                                           retry.value("retry_count", 0)};
  }
  subscription.endpoint_brief = {.id = subscription.endpoint,
                                 .project = subscription.project,
                                 .name = as_text(row[9]),
                                 .url = as_text(row[10]),
                                 .owner_id = as_text(row[11]),
                                 .support_email = as_text(row[12]),
                                 .status = as_text(row[14]),
                                 .deleted_at = as_optional_time(row[13])};
  subscription.source_brief = source_brief_from(row, subscription.project);
  if (subscription.source_brief) subscription.source = subscription.source_brief->id;
  for (const auto scope : filter_scopes) {
    const auto field = row["filter_" + std::string(to_text(scope))];
    if (!field.is_null()) subscription.filter.of(scope) = as_text(field);
  }
  read_kept(row, subscription);
  return subscription;
}

}  // namespace

Result<Subscription> get_subscription(Tx& tx, const ProjectId& project, const SubscriptionId& id) {
  static const std::string sql =
      std::string(kColumns) + " WHERE s.project_id = $1 AND s.id = $2 AND s.deleted_at IS NULL";
  const auto rows = tx.exec_named("subscription_get", sql, project, id);
  if (rows.empty()) return fail(Code::not_found, "subscription not found");
  return subscription_from(rows[0]);
}

Result<std::vector<Subscription>> list_subscriptions(Tx& tx, const SubscriptionFilter& filter, const Keyset& keyset) {
  std::string name = "subscription_list", sql = kColumns;
  sql += " WHERE s.project_id = $1 AND s.id BETWEEN $2 AND $3 AND s.deleted_at IS NULL";
  sql += " AND ($5 = '' OR position(lower($5) IN lower(s.name)) > 0)";
  auto sent_to = filter.endpoints;
  bool is_owner_left = !filter.owner_id.empty();
  if (sent_to.empty() && is_owner_left) {
    sent_to = list_few_owned(tx, filter.project, filter.owner_id);
    if (sent_to.empty()) return std::vector<Subscription>{};
    is_owner_left = sent_to.size() > few_endpoints_max;
    if (is_owner_left) sent_to.clear();
  }
  UuidArray endpoints;
  for (const auto& endpoint : sent_to) endpoints.add(endpoint);
  if (sent_to.empty()) {
    sql += " AND $6::uuid[] IS NOT NULL";
  } else {
    sql += " AND s.endpoint_id = ANY ($6::uuid[])";
    name += "_endpoint";
  }
  if (is_owner_left) {
    sql += " AND (SELECT o.owner_id FROM endpoints o WHERE o.project_id = $1 AND o.id = s.endpoint_id) = $7";
    name += "_owner";
  } else {
    sql += " AND $7::text IS NOT NULL";
  }
  sql += keyset.is_descending ? " ORDER BY s.id DESC LIMIT $4" : " ORDER BY s.id LIMIT $4";
  name += keyset.is_descending ? "_desc" : "_asc";
  std::vector<Subscription> subscriptions;
  const auto rows = tx.exec_named(name, sql, filter.project, SubscriptionId{keyset.low}, SubscriptionId{keyset.high},
                                  keyset.rows_max, filter.name_part, endpoints.take(), filter.owner_id);
  for (const auto& row : rows) subscriptions.push_back(subscription_from(row));
  return subscriptions;
}

Result<bool> is_endpoint_subscribed(Tx& tx, const ProjectId& project, const EndpointId& endpoint,
                                    const SubscriptionId& except) {
  return !tx.exec(used_sql, project, endpoint, except).empty();
}

Result<void> insert_subscription(Tx& tx, const Subscription& subscription, std::int64_t version) {
  tx.exec(insert_sql, subscription.project, subscription.id, subscription.endpoint, subscription.name,
          types_to(subscription.event_types), subscription.delivery_mode, retry_to(subscription.retry), version,
          subscription.created_at, subscription.updated_at, subscription.source, subscription.function,
          alert_to(subscription.alert), rate_limit_to(subscription.rate_limit));
  return {};
}

Result<void> update_subscription(Tx& tx, const Subscription& subscription, std::int64_t version) {
  const auto updated =
      tx.exec(update_sql, subscription.project, subscription.id, subscription.endpoint, subscription.name,
              types_to(subscription.event_types), subscription.delivery_mode, retry_to(subscription.retry), version,
              subscription.updated_at, subscription.source, subscription.function, alert_to(subscription.alert),
              rate_limit_to(subscription.rate_limit));
  if (updated.affected_rows() == 0) return fail(Code::not_found, "subscription not found");
  return {};
}

Result<void> delete_subscription(Tx& tx, const ProjectId& project, const SubscriptionId& id, std::int64_t version,
                                 TimePoint now) {
  if (tx.exec(delete_sql, project, id, now, version).affected_rows() == 0)
    return fail(Code::not_found, "subscription not found");
  return {};
}

}  // namespace fairlead::store
