#include "common/store/jobs.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "common/store/ingest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

using nlohmann::json;

#define FL_JOB_COLUMNS                                                                                             \
  "project_id, id, lane, kind, filter, state, rate, config_version, cursor, part_cursor, low, high, total, done, " \
  "succeeded, failed, skipped, deliveries, error, created_at, updated_at, finished_at"

constexpr Statement insert_sql{"job_insert", R"sql(
  INSERT INTO jobs (project_id, id, lane, kind, filter, exclusion, rate, config_version, low, high, total, created_at,
                    updated_at)
  SELECT p.id, $2::uuid, $3::smallint, $4::text, $5::jsonb, $6::text, $7::int, p.config_version, $8::uuid, $9::uuid,
         $10::bigint, $11::timestamptz, $11::timestamptz
    FROM projects p WHERE p.id = $1
  ON CONFLICT (project_id, exclusion) WHERE state IN ('queued', 'running') DO NOTHING)sql"};
constexpr Statement count_sql{"job_count_open", R"sql(
  SELECT count(*) FROM (
    SELECT 1 FROM jobs WHERE project_id = $1 AND state IN ('queued', 'running') LIMIT $2) j)sql"};
constexpr Statement get_sql{"job_get", "SELECT " FL_JOB_COLUMNS " FROM jobs WHERE project_id = $1 AND id = $2"};
constexpr Statement list_down_sql{"job_list_DESC", "SELECT " FL_JOB_COLUMNS R"sql( FROM jobs
   WHERE project_id = $1 AND id BETWEEN $2 AND $3 ORDER BY id DESC LIMIT $4)sql"};
constexpr Statement list_up_sql{"job_list_ASC", "SELECT " FL_JOB_COLUMNS R"sql( FROM jobs
   WHERE project_id = $1 AND id BETWEEN $2 AND $3 ORDER BY id LIMIT $4)sql"};
constexpr Statement cancel_sql{"job_cancel", R"sql(
  UPDATE jobs SET state = 'cancelled', updated_at = $3, finished_at = $3
   WHERE project_id = $1 AND id = $2 AND state IN ('queued', 'running'))sql"};
constexpr Statement open_sql{"job_list_open", "SELECT " FL_JOB_COLUMNS R"sql( FROM jobs
   WHERE lane = ANY ($1::smallint[]) AND state IN ('queued', 'running') ORDER BY updated_at, id LIMIT 32)sql"};
constexpr Statement hold_sql{"job_hold", R"sql(
  SELECT 1 FROM jobs WHERE project_id = $1 AND id = $2 AND state IN ('queued', 'running')
     AND cursor IS NOT DISTINCT FROM $3 AND part_cursor IS NOT DISTINCT FROM $4 FOR UPDATE)sql"};
constexpr Statement move_sql{"job_move", R"sql(
  UPDATE jobs SET cursor = $3, part_cursor = $4, done = done + $5, succeeded = succeeded + $6, failed = failed + $7,
         skipped = skipped + $8, deliveries = deliveries + $9, state = $10::text, error = nullif($11::text, ''),
         updated_at = $12::timestamptz, finished_at = CASE WHEN $10::text <> 'running' THEN $12::timestamptz END
   WHERE project_id = $1 AND id = $2)sql"};
constexpr Statement purge_sql{"job_purge", R"sql(
  DELETE FROM jobs WHERE (project_id, id) IN (
    SELECT project_id, id FROM jobs WHERE finished_at < $1 ORDER BY finished_at LIMIT 1000))sql"};

// Deliveries of a job share its time, so they lie in one partition; it is created_at too, which lists look at beside
// ids.
std::string replay_sql(const std::string& day) {
  return R"sql(
WITH y AS MATERIALIZED (
  SELECT * FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::smallint[], $9::text[])
    y(id, event_id, endpoint_id, subscription_id, lane, reason)),
d AS (
  INSERT INTO deliveries_)sql" +
         day + R"sql( (project_id, id, event_id, endpoint_id, subscription_id, created_at, updated_at, next_at, status,
                       reason, job_id)
  SELECT $1::uuid, y.id, y.event_id, y.endpoint_id, y.subscription_id, $3::timestamptz, statement_timestamp(),
         CASE WHEN y.reason IS NULL THEN statement_timestamp() END, CASE WHEN y.reason IS NULL THEN 0 ELSE 4 END,
         y.reason, $2::uuid
    FROM y
  ON CONFLICT DO NOTHING RETURNING id, next_at),
q AS (
  INSERT INTO queue (lane, endpoint_id, due_at, delivery_id, project_id, event_id, subscription_id, config_version)
  SELECT y.lane, y.endpoint_id, d.next_at, y.id, $1::uuid, y.event_id, y.subscription_id, $10::bigint
    FROM y JOIN d ON d.id = y.id WHERE d.next_at IS NOT NULL
  RETURNING lane, endpoint_id, due_at)
SELECT lane, endpoint_id, min(due_at) FROM q GROUP BY lane, endpoint_id)sql";
}

std::string exclusion_of(const Job& job) {
  switch (job.kind) {
    case JobKind::replay_events:
      return "";
    case JobKind::retry_deliveries:
      return "retry";
    case JobKind::recover_failed:
    case JobKind::send_missing:
      return std::string(to_text(job.kind)) + ' ' + to_text(job.filter.endpoints.front());
  }
  return "";
}

std::string filter_to(const JobFilter& filter) {
  json stored{{"start", to_rfc3339(filter.start)}, {"end", to_rfc3339(filter.end)}};
  for (const auto& id : filter.endpoints) stored["endpoints"].push_back(to_text(id));
  for (const auto status : filter.statuses) stored["statuses"].push_back(static_cast<int>(status));
  if (filter.event) stored["event"] = to_text(*filter.event);
  if (filter.subscription) stored["subscription"] = to_text(*filter.subscription);
  if (!filter.event_type.empty()) stored["event_type"] = filter.event_type;
  if (!filter.owner_id.empty()) stored["owner_id"] = filter.owner_id;
  for (const auto& id : filter.sources) stored["sources"].push_back(to_text(id));
  if (!filter.scope_owner.empty()) stored["scope_owner"] = filter.scope_owner;
  if (!filter.idempotency_key.empty()) stored["idempotency_key"] = filter.idempotency_key;
  return stored.dump();
}

JobFilter filter_from(const std::string& text) {
  const auto stored = json::parse(text);
  const auto word = [&](const char* name) { return stored.value(name, std::string()); };
  JobFilter filter{.start = parse_time(word("start")).value_or(TimePoint{}),
                   .end = parse_time(word("end")).value_or(TimePoint{}),
                   .event = parse_id<EventTag>(word("event")),
                   .subscription = parse_id<SubscriptionTag>(word("subscription")),
                   .event_type = word("event_type"),
                   .owner_id = word("owner_id"),
                   .idempotency_key = word("idempotency_key"),
                   .scope_owner = word("scope_owner")};
  for (const auto& id : stored.value("sources", json::array()))
    filter.sources.push_back(parse_id<SourceTag>(id.get<std::string>()).value_or(SourceId{}));
  for (const auto& id : stored.value("endpoints", json::array()))
    filter.endpoints.push_back(parse_id<EndpointTag>(id.get<std::string>()).value_or(EndpointId{}));
  for (const auto& status : stored.value("statuses", json::array()))
    filter.statuses.push_back(static_cast<DeliveryStatus>(status.get<int>()));
  return filter;
}

JobState state_from(const std::string& text) {
  for (const auto state :
       {JobState::queued, JobState::running, JobState::completed, JobState::cancelled, JobState::failed}) {
    if (to_text(state) == text) return state;
  }
  return JobState::failed;
}

std::optional<IdBytes> optional_bytes(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return as_id<JobTag>(field).bytes;
}
std::optional<JobId> as_parameter(const std::optional<IdBytes>& bytes) {
  return bytes ? std::optional(JobId{*bytes}) : std::nullopt;
}

Job job_from(const pqxx::row& row) {
  Job job{.project = as_id<ProjectTag>(row[0]),
          .id = as_id<JobTag>(row[1]),
          .lane = row[2].as<std::int16_t>(),
          .kind = job_kind_from(as_text(row[3])).value_or(JobKind::replay_events),
          .filter = filter_from(as_text(row[4])),
          .state = state_from(as_text(row[5])),
          .rate = row[6].as<int>(),
          .config_version = row[7].as<std::int64_t>(),
          .cursor = optional_bytes(row[8]),
          .part = optional_bytes(row[9]),
          .low = as_id<JobTag>(row[10]).bytes,
          .high = as_id<JobTag>(row[11]).bytes,
          .counts = {row[13].as<std::int64_t>(), row[14].as<std::int64_t>(), row[15].as<std::int64_t>(),
                     row[16].as<std::int64_t>(), row[17].as<std::int64_t>()},
          .error = as_text(row[18]),
          .created_at = as_time(row[19]),
          .updated_at = as_time(row[20]),
          .finished_at = as_optional_time(row[21])};
  if (!row[12].is_null()) job.total = row[12].as<std::int64_t>();
  return job;
}

std::vector<Job> jobs_from(const pqxx::result& rows) {
  std::vector<Job> jobs;
  for (const auto& row : rows) jobs.push_back(job_from(row));
  return jobs;
}

}  // namespace

Result<bool> insert_job(Tx& tx, const Job& job) {
  FL_TRY(const int lanes, lane_count(tx));
  const auto exclusion = exclusion_of(job);
  return tx.exec(insert_sql, job.project, job.id, lane_of(job.id.bytes, lanes), to_text(job.kind),
                 filter_to(job.filter), exclusion.empty() ? std::nullopt : std::optional(exclusion), job.rate,
                 JobId{job.low}, JobId{job.high}, job.total, job.created_at)
             .affected_rows() > 0;
}

Result<int> count_open_jobs(Tx& tx, const ProjectId& project, int most) {
  return tx.exec(count_sql, project, most)[0][0].as<int>();
}

Result<Job> get_job(Tx& tx, const ProjectId& project, const JobId& id) {
  const auto rows = tx.exec(get_sql, project, id);
  if (rows.empty()) return fail(Code::not_found, "job not found");
  return job_from(rows[0]);
}

Result<std::vector<Job>> list_jobs(Tx& tx, const ProjectId& project, const Keyset& keyset) {
  return jobs_from(tx.exec(keyset.is_descending ? list_down_sql : list_up_sql, project, JobId{keyset.low},
                           JobId{keyset.high}, keyset.rows_max));
}

Result<bool> cancel_job(Tx& tx, const ProjectId& project, const JobId& id, TimePoint now) {
  return tx.exec(cancel_sql, project, id, now).affected_rows() > 0;
}

Result<std::vector<Job>> list_open_jobs(Tx& tx, const std::vector<std::int16_t>& lanes) {
  Int2Array list;
  for (const auto lane : lanes) list.add(lane);
  return jobs_from(tx.exec(open_sql, list.take()));
}

Result<bool> hold_job(Tx& tx, const Job& job) {
  return !tx.exec(hold_sql, job.project, job.id, as_parameter(job.cursor), as_parameter(job.part)).empty();
}

Result<bool> move_job(Tx& tx, const Job& job, const JobStep& step, TimePoint now) {
  const auto& counts = step.counts;
  return tx.exec(move_sql, job.project, job.id, as_parameter(step.cursor), as_parameter(step.part), counts.done,
                 counts.succeeded, counts.failed, counts.skipped, counts.deliveries, to_text(step.state), step.error,
                 now)
             .affected_rows() > 0;
}

Result<int> purge_jobs(Tx& tx, TimePoint before) {
  return static_cast<int>(tx.exec(purge_sql, before).affected_rows());
}

Result<std::vector<EndpointDue>> insert_replayed(Tx& tx, const Job& job,
                                                 const std::vector<ReplayedDelivery>& deliveries,
                                                 const std::vector<EventId>& first_matched, std::int64_t version) {
  UuidArray id, event, endpoint, subscription;
  Int2Array lane;
  TextArray reason;
  for (const auto& delivery : deliveries) {
    id.add(delivery.id);
    event.add(delivery.event);
    endpoint.add(delivery.endpoint);
    subscription.add(delivery.subscription);
    lane.add(delivery.lane);
    reason.add(or_null(delivery.discard_reason));
  }
  const std::string day = partition_day(job.id.bytes);
  std::vector<EndpointDue> due;
  for (const auto& row :
       tx.exec_named("replay_" + day, replay_sql(day), job.project, job.id, id_time(job.id.bytes), id.take(),
                     event.take(), endpoint.take(), subscription.take(), lane.take(), reason.take(), version)) {
    due.push_back({row[0].as<std::int16_t>(), as_id<EndpointTag>(row[1]), job.project, as_time(row[2])});
  }
  std::map<std::string, UuidArray> days;
  for (const auto& each : first_matched) days[partition_day(each.bytes)].add(each);
  for (auto& [of_events, ids] : days) {
    tx.exec_named("replay_matched_" + of_events,
                  "UPDATE events_" + of_events +
                      " SET matched_count = 1 WHERE project_id = $1 AND id = ANY ($2::uuid[]) AND matched_count = 0",
                  job.project, ids.take());
  }
  return due;
}

}  // namespace fairlead::store
