#include "common/store/filters.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement list_sql{"filter_list", R"sql(
  SELECT project_id, id, subscription_id, event_type, enabled_at, headers, query, path, body, created_at, updated_at
    FROM filters WHERE project_id = $1 AND subscription_id = $2 AND deleted_at IS NULL ORDER BY id LIMIT $3)sql"};
constexpr Statement list_of_sql{"filter_list_of", R"sql(
  SELECT f.project_id, f.id, f.subscription_id, f.event_type, f.enabled_at, f.headers, f.query, f.path, f.body,
         f.created_at, f.updated_at
    FROM unnest($2::uuid[]) x(subscription_id)
    CROSS JOIN LATERAL (
      SELECT * FROM filters y
       WHERE y.project_id = $1 AND y.subscription_id = x.subscription_id AND y.deleted_at IS NULL LIMIT $3) f
   ORDER BY f.subscription_id, f.id)sql"};
constexpr Statement get_sql{"filter_get", R"sql(
  SELECT project_id, id, subscription_id, event_type, enabled_at, headers, query, path, body, created_at, updated_at
    FROM filters WHERE project_id = $1 AND id = $3 AND subscription_id = $2 AND deleted_at IS NULL)sql"};
constexpr Statement insert_sql{"filter_insert", R"sql(
  INSERT INTO filters (project_id, id, subscription_id, event_type, enabled_at, headers, query, path, body, version,
                       created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  ON CONFLICT (project_id, subscription_id, event_type) WHERE deleted_at IS NULL DO NOTHING)sql"};
constexpr Statement taken_sql{"filter_type_taken", R"sql(
  SELECT 1 FROM filters
   WHERE project_id = $1 AND subscription_id = $2 AND event_type = $3 AND id <> $4 AND deleted_at IS NULL)sql"};
constexpr Statement update_sql{"filter_update", R"sql(
  UPDATE filters SET event_type = $4, enabled_at = $5, headers = $6, query = $7, path = $8, body = $9, version = $10,
         updated_at = $11
   WHERE project_id = $1 AND id = $2 AND subscription_id = $3 AND deleted_at IS NULL)sql"};
constexpr Statement delete_sql{"filter_delete", R"sql(
  UPDATE filters SET deleted_at = $4, updated_at = $4, version = $5
   WHERE project_id = $1 AND id = $3 AND subscription_id = $2 AND deleted_at IS NULL)sql"};
constexpr Statement delete_all_sql{"filter_delete_all", R"sql(
  UPDATE filters SET deleted_at = $3, updated_at = $3, version = $4
   WHERE project_id = $1 AND subscription_id = $2 AND deleted_at IS NULL)sql"};
constexpr Statement type_sql{"filter_type_exists", "SELECT 1 FROM event_types WHERE project_id = $1 AND name = $2"};
constexpr Statement target_sql{"event_target", R"sql(
  SELECT endpoint_id, owner_id, source_id FROM events WHERE project_id = $1 AND id = $2)sql"};
constexpr Statement changes_sql{"config_filters", R"sql(
  SELECT project_id, subscription_id, id, event_type, enabled_at IS NOT NULL, deleted_at IS NOT NULL, headers, query,
         path, body
    FROM filters WHERE version > $1 AND ($1 > 0 OR deleted_at IS NULL))sql"};

FilterText text_from(const pqxx::row& row, pqxx::row::size_type first) {
  FilterText text;
  for (const auto scope : filter_scopes) {
    const auto field = row[first + static_cast<pqxx::row::size_type>(scope)];
    if (!field.is_null()) text.of(scope) = as_text(field);
  }
  return text;
}

FilterRow filter_from(const pqxx::row& row) {
  return {.project = as_id<ProjectTag>(row[0]),
          .id = as_id<FilterTag>(row[1]),
          .subscription = as_id<SubscriptionTag>(row[2]),
          .event_type = as_text(row[3]),
          .enabled_at = as_optional_time(row[4]),
          .text = text_from(row, 5),
          .created_at = as_time(row[9]),
          .updated_at = as_time(row[10])};
}

std::vector<FilterRow> filters_from(const pqxx::result& rows) {
  std::vector<FilterRow> filters;
  for (const auto& row : rows) filters.push_back(filter_from(row));
  return filters;
}

}  // namespace

Result<std::vector<FilterRow>> list_filters(Tx& tx, const ProjectId& project, const SubscriptionId& subscription) {
  return filters_from(tx.exec(list_sql, project, subscription, filters_listed_max));
}

Result<std::vector<FilterRow>> list_filters_of(Tx& tx, const ProjectId& project,
                                               const std::vector<SubscriptionId>& subscriptions) {
  UuidArray ids;
  for (const auto& id : subscriptions) ids.add(id);
  return filters_from(tx.exec(list_of_sql, project, ids.take(), filters_listed_max));
}

Result<FilterRow> get_filter(Tx& tx, const ProjectId& project, const SubscriptionId& subscription, const FilterId& id) {
  const auto rows = tx.exec(get_sql, project, subscription, id);
  if (rows.empty()) return fail(Code::not_found, "filter not found");
  return filter_from(rows[0]);
}

Result<bool> insert_filter(Tx& tx, const FilterRow& filter, std::int64_t version) {
  const auto inserted = tx.exec(insert_sql, filter.project, filter.id, filter.subscription, filter.event_type,
                                filter.enabled_at, filter.text.of(FilterScope::headers),
                                filter.text.of(FilterScope::query), filter.text.of(FilterScope::path),
                                filter.text.of(FilterScope::body), version, filter.created_at, filter.updated_at);
  return inserted.affected_rows() > 0;
}

// The configuration's lock is held since begin_project_change, so nobody takes the type between the two statements.
Result<bool> update_filter(Tx& tx, const FilterRow& filter, std::int64_t version) {
  if (!tx.exec(taken_sql, filter.project, filter.subscription, filter.event_type, filter.id).empty()) return false;
  const auto updated =
      tx.exec(update_sql, filter.project, filter.id, filter.subscription, filter.event_type, filter.enabled_at,
              filter.text.of(FilterScope::headers), filter.text.of(FilterScope::query),
              filter.text.of(FilterScope::path), filter.text.of(FilterScope::body), version, filter.updated_at);
  if (updated.affected_rows() == 0) return fail(Code::not_found, "filter not found");
  return true;
}

Result<void> delete_filter(Tx& tx, const FilterRow& filter, std::int64_t version, TimePoint now) {
  if (tx.exec(delete_sql, filter.project, filter.subscription, filter.id, now, version).affected_rows() == 0)
    return fail(Code::not_found, "filter not found");
  return {};
}

Result<void> delete_filters(Tx& tx, const ProjectId& project, const SubscriptionId& subscription, std::int64_t version,
                            TimePoint now) {
  tx.exec(delete_all_sql, project, subscription, now, version);
  return {};
}

Result<bool> has_event_type(Tx& tx, const ProjectId& project, const std::string& name) {
  return !tx.exec(type_sql, project, name).empty();
}

Result<EventTarget> get_event_target(Tx& tx, const ProjectId& project, const EventId& event) {
  const auto rows = tx.exec(target_sql, project, event);
  if (rows.empty()) return fail(Code::not_found, "event not found");
  return EventTarget{as_optional_id<EndpointTag>(rows[0][0]), as_text(rows[0][1]),
                     as_optional_id<SourceTag>(rows[0][2])};
}

// A filter that cannot be compiled is there with its fault, and keeps no other from being refreshed.
std::vector<FilterChange> read_filter_changes(Tx& tx, std::int64_t since) {
  std::vector<FilterChange> changes;
  for (const auto& row : tx.exec(changes_sql, since)) {
    FilterChange change{.project = as_id<ProjectTag>(row[0]),
                        .subscription = as_id<SubscriptionTag>(row[1]),
                        .is_deleted = row[5].as<bool>()};
    change.filter.id = as_id<FilterTag>(row[2]);
    if (!change.is_deleted)
      change.filter = make_type_filter(change.filter.id, as_text(row[3]), row[4].as<bool>(), text_from(row, 6));
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace fairlead::store
