#include "common/store/onboarding.hpp"

#include <nlohmann/json.hpp>

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

using nlohmann::json;

// $1 is a list of objects with the columns' names.
constexpr Statement insert_subscriptions_sql{"onboarding_insert_subscriptions", R"sql(
  INSERT INTO subscriptions (project_id, id, endpoint_id, name, event_types, version, created_at, updated_at)
  SELECT project_id, id, endpoint_id, name, event_types, $2::bigint, created_at, created_at
    FROM jsonb_populate_recordset(NULL::subscriptions, $1::jsonb))sql"};
constexpr Statement insert_event_types_sql{"onboarding_insert_event_types", R"sql(
  INSERT INTO event_types (project_id, id, name, created_at, updated_at)
  SELECT $1::uuid, t.id, t.name, $4::timestamptz, $4::timestamptz FROM unnest($2::uuid[], $3::text[]) AS t (id, name)
  ON CONFLICT (project_id, name) DO NOTHING)sql"};

}  // namespace

Result<void> insert_plain_subscriptions(Tx& tx, const std::vector<Subscription>& subscriptions, std::int64_t version) {
  if (subscriptions.empty()) return {};
  json rows = json::array();
  for (const auto& each : subscriptions) {
    rows.push_back({{"project_id", to_uuid(each.project)},
                    {"id", to_uuid(each.id)},
                    {"endpoint_id", to_uuid(each.endpoint)},
                    {"name", each.name},
                    {"event_types", each.event_types},
                    {"created_at", to_rfc3339(each.created_at)}});
  }
  tx.exec(insert_subscriptions_sql, rows.dump(), version);
  return {};
}

Result<void> insert_plain_event_types(Tx& tx, const ProjectId& project, const std::vector<EventType>& types,
                                      TimePoint now) {
  if (types.empty()) return {};
  UuidArray ids;
  TextArray names;
  for (const auto& type : types) {
    ids.add(type.id);
    names.add(type.name);
  }
  tx.exec(insert_event_types_sql, project, ids.take(), names.take(), now);
  return {};
}

}  // namespace fairlead::store
