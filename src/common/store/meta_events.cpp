#include "common/store/meta_events.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement insert_sql{"meta_event_insert", R"sql(
  INSERT INTO meta_events (project_id, id, event_type, sealed, status, next_at, created_at, updated_at)
  SELECT x.project_id, x.id, x.type, x.sealed, 0, $5::timestamptz, $5::timestamptz, $5::timestamptz
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[]) x(project_id, id, type, sealed)
  ON CONFLICT DO NOTHING)sql"};

constexpr const char* kColumns = R"sql(
  SELECT project_id, id, event_type, sealed, status, attempts, next_at, last_attempt, created_at, updated_at
    FROM meta_events)sql";

constexpr Statement resend_sql{"meta_event_resend", R"sql(
  UPDATE meta_events SET status = 0, attempts = 0, next_at = $3, updated_at = $3
   WHERE project_id = $1 AND id = $2)sql"};

// The projects with unfinished ones are found by skipping through the index, and each gives a few: a project whose
// receiver is dead, with a long backlog, costs and delays no other.
constexpr Statement claim_sql{"meta_event_claim", R"sql(
  WITH RECURSIVE waiting(project_id) AS (
    (SELECT project_id FROM meta_events WHERE next_at IS NOT NULL ORDER BY project_id LIMIT 1)
    UNION ALL
    SELECT (SELECT m.project_id FROM meta_events m WHERE m.next_at IS NOT NULL AND m.project_id > w.project_id
             ORDER BY m.project_id LIMIT 1)
      FROM waiting w WHERE w.project_id IS NOT NULL),
  due AS (
    SELECT d.project_id, d.id
      FROM waiting w
      CROSS JOIN LATERAL (
        SELECT m.project_id, m.id FROM meta_events m
         WHERE m.project_id = w.project_id AND m.next_at <= $3::timestamptz
         ORDER BY m.next_at LIMIT $2::int FOR UPDATE SKIP LOCKED) d
     WHERE w.project_id IS NOT NULL AND w.project_id <> ALL ($1::uuid[])
     LIMIT $5::int)
  UPDATE meta_events e SET next_at = $4::timestamptz FROM due
   WHERE e.project_id = due.project_id AND e.id = due.id
  RETURNING e.project_id, e.id, e.event_type, e.sealed, e.endpoint_id, e.attempts,
    coalesce((SELECT p.config ->> 'meta_event' FROM projects p WHERE p.id = e.project_id AND p.deleted_at IS NULL),
             'null'))sql"};

constexpr Statement keep_sql{"meta_event_keep", R"sql(
  UPDATE meta_events SET sealed = x.sealed FROM unnest($3::bytea[]) x(sealed)
   WHERE project_id = $1 AND id = $2 AND meta_events.sealed = '')sql"};

constexpr Statement record_sql{"meta_event_record", R"sql(
  UPDATE meta_events SET status = $4, attempts = $3, next_at = $5, last_attempt = coalesce($6, last_attempt),
         updated_at = $7
   WHERE project_id = $1 AND id = $2 AND attempts = $3 - 1 AND next_at IS NOT NULL)sql"};

constexpr Statement purge_sql{"meta_event_purge", R"sql(
  DELETE FROM meta_events WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM meta_events WHERE created_at < $1 ORDER BY created_at LIMIT 1000)))sql"};

StoredMetaEvent event_from(const pqxx::row& row) {
  return {.project = as_id<ProjectTag>(row[0]),
          .id = as_id<MetaEventTag>(row[1]),
          .type = as_text(row[2]),
          .sealed = as_bytes(row[3]),
          .status = static_cast<DeliveryStatus>(row[4].as<int>()),
          .attempts = row[5].as<int>(),
          .next_at = as_optional_time(row[6]),
          .last_attempt = as_text(row[7]),
          .created_at = as_time(row[8]),
          .updated_at = as_time(row[9])};
}

}  // namespace

Result<void> insert_meta_events(Tx& tx, const std::vector<NewMetaEvent>& events, TimePoint now) {
  UuidArray projects, ids;
  TextArray types;
  ByteaArray sealed;
  for (const auto& event : events) {
    projects.add(event.project);
    ids.add(event.id);
    types.add(event.type);
    sealed.add(event.sealed);
  }
  if (!events.empty()) tx.exec(insert_sql, projects.take(), ids.take(), types.take(), sealed.take(), now);
  return {};
}

Result<StoredMetaEvent> get_meta_event(Tx& tx, const ProjectId& project, const MetaEventId& id) {
  static const std::string sql = std::string(kColumns) + " WHERE project_id = $1 AND id = $2";
  const auto rows = tx.exec_named("meta_event_get", sql, project, id);
  if (rows.empty()) return fail(Code::not_found, "meta event not found");
  return event_from(rows[0]);
}

Result<std::vector<StoredMetaEvent>> list_meta_events(Tx& tx, const ProjectId& project, TimePoint start, TimePoint end,
                                                      const Keyset& keyset) {
  std::string sql = kColumns;
  sql += " WHERE project_id = $1 AND id BETWEEN $2 AND $3 AND created_at >= $4 AND created_at < $5 ORDER BY id";
  sql += keyset.is_descending ? " DESC LIMIT $6" : " LIMIT $6";
  const auto rows = tx.exec_named(keyset.is_descending ? "meta_event_list_desc" : "meta_event_list_asc", sql, project,
                                  MetaEventId{keyset.low}, MetaEventId{keyset.high}, start, end, keyset.rows_max);
  std::vector<StoredMetaEvent> events;
  for (const auto& row : rows) events.push_back(event_from(row));
  return events;
}

Result<StoredMetaEvent> resend_meta_event(Tx& tx, const ProjectId& project, const MetaEventId& id, TimePoint now) {
  if (tx.exec(resend_sql, project, id, now).affected_rows() == 0) return fail(Code::not_found, "meta event not found");
  return get_meta_event(tx, project, id);
}

Result<std::vector<DueMetaEvent>> claim_meta_events(Tx& tx, const MetaEventClaim& claim, TimePoint now,
                                                    TimePoint until) {
  UuidArray busy;
  for (const auto& project : claim.busy) busy.add(project);
  std::vector<DueMetaEvent> due;
  for (const auto& row : tx.exec(claim_sql, busy.take(), claim.per_project, now, until, claim.rows_max)) {
    due.push_back({.project = as_id<ProjectTag>(row[0]),
                   .id = as_id<MetaEventTag>(row[1]),
                   .type = as_text(row[2]),
                   .sealed = as_bytes(row[3]),
                   .endpoint = as_optional_id<EndpointTag>(row[4]),
                   .attempts = row[5].as<int>(),
                   .settings = as_text(row[6])});
  }
  return due;
}

Result<bool> keep_meta_event_body(Tx& tx, const ProjectId& project, const MetaEventId& id, const std::string& sealed) {
  ByteaArray body;
  body.add(sealed);
  return tx.exec(keep_sql, project, id, body.take()).affected_rows() == 1;
}

Result<bool> record_meta_event(Tx& tx, const MetaEventOutcome& outcome, TimePoint now) {
  return tx.exec(record_sql, outcome.project, outcome.id, outcome.attempts, static_cast<int>(outcome.status),
                 outcome.next_at, outcome.last_attempt, now)
             .affected_rows() == 1;
}

Result<std::int64_t> purge_meta_events(Tx& tx, TimePoint before) {
  return static_cast<std::int64_t>(tx.exec(purge_sql, before).affected_rows());
}

}  // namespace fairlead::store
