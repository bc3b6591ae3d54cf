#include "common/store/event_types.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement list_sql{"event_type_list", R"sql(
  SELECT id, name, category, description, json_schema, deprecated_at, updated_at
    FROM event_types WHERE project_id = $1 ORDER BY id DESC LIMIT $2)sql"};
constexpr Statement lock_sql{"event_type_lock", R"sql(
  SELECT id, name, category, description, json_schema, deprecated_at, updated_at
    FROM event_types WHERE project_id = $1 AND id = $2 FOR UPDATE)sql"};
constexpr Statement insert_sql{"event_type_insert", R"sql(
  INSERT INTO event_types (project_id, id, name, category, description, json_schema, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (project_id, name) DO NOTHING)sql"};
constexpr Statement upsert_sql{"event_type_upsert", R"sql(
  INSERT INTO event_types AS t (project_id, id, name, category, description, json_schema, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
  ON CONFLICT (project_id, name) DO UPDATE
    SET description = CASE WHEN excluded.description = '' THEN t.description ELSE excluded.description END,
        json_schema = coalesce(excluded.json_schema, t.json_schema), updated_at = excluded.updated_at
  RETURNING id, name, category, description, json_schema, deprecated_at, updated_at)sql"};
constexpr Statement update_sql{"event_type_update", R"sql(
  UPDATE event_types SET category = $3, description = $4, json_schema = $5, deprecated_at = $6, updated_at = $7
   WHERE project_id = $1 AND id = $2)sql"};

EventType event_type_from(const pqxx::row& row) {
  EventType type{as_id<EventTypeTag>(row[0]), as_text(row[1]), as_text(row[2]), as_text(row[3]), {},
                 as_optional_time(row[5]),    as_time(row[6])};
  if (!row[4].is_null()) type.json_schema = as_text(row[4]);
  return type;
}

}  // namespace

Result<std::vector<EventType>> list_event_types(Tx& tx, const ProjectId& project) {
  std::vector<EventType> types;
  for (const auto& row : tx.exec(list_sql, project, event_types_listed_max)) types.push_back(event_type_from(row));
  return types;
}

Result<EventType> lock_event_type(Tx& tx, const ProjectId& project, const EventTypeId& id) {
  const auto rows = tx.exec(lock_sql, project, id);
  if (rows.empty()) return fail(Code::not_found, "event type not found");
  return event_type_from(rows[0]);
}

Result<bool> insert_event_type(Tx& tx, const ProjectId& project, const EventType& type, TimePoint now) {
  return tx.exec(insert_sql, project, type.id, type.name, type.category, type.description, type.json_schema, now)
             .affected_rows() > 0;
}

Result<EventType> upsert_event_type(Tx& tx, const ProjectId& project, const EventType& type, TimePoint now) {
  return event_type_from(
      tx.exec(upsert_sql, project, type.id, type.name, type.category, type.description, type.json_schema, now)[0]);
}

Result<void> update_event_type(Tx& tx, const ProjectId& project, const EventType& type, TimePoint now) {
  tx.exec(update_sql, project, type.id, type.category, type.description, type.json_schema, type.deprecated_at, now);
  return {};
}

}  // namespace fairlead::store
