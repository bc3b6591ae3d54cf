#include "common/store/results.hpp"

#include <map>

#include "common/store/ingest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

// Everything is driven by the rows that DELETE and UPDATE of the queue return, never by the input: the queue row is the
// token. Partitions are named and carry no bounds (measured: what else the planner does with them). The queue's rows
// are found by a look-up for each of x and joined by their place: once the queue was analysed or vacuumed while empty,
// a plain join reads its whole index for every batch. The row's own columns are compared again because only they are
// tested anew when somebody else has just changed the row.
std::string record_sql(const std::string& day) {
  return R"sql(
WITH x AS (
  SELECT unnest($1::smallint[]) AS lane, unnest($2::uuid[]) AS endpoint_id, unnest($3::timestamptz[]) AS due_at,
         unnest($4::uuid[]) AS id, unnest($5::uuid[]) AS project_id, unnest($6::smallint[]) AS fence,
         unnest($7::timestamptz[]) AS next_at, unnest($8::smallint[]) AS state, unnest($9::smallint[]) AS n,
         unnest($10::text[]) AS reason, unnest($11::timestamptz[]) AS requested_at, unnest($12::smallint[]) AS code,
         unnest($13::text[]) AS failure, unnest($14::bytea[]) AS detail),
gone AS (
  DELETE FROM queue q USING x
   WHERE x.next_at IS NULL
     AND q.ctid = (SELECT p.ctid FROM queue p
                    WHERE p.lane = x.lane AND p.endpoint_id = x.endpoint_id AND p.due_at = x.due_at
                      AND p.delivery_id = x.id AND p.project_id = x.project_id AND p.attempt = x.fence)
     AND q.delivery_id = x.id AND q.due_at = x.due_at AND q.attempt = x.fence
  RETURNING x.*),
moved AS (
  UPDATE queue q SET due_at = x.next_at, attempt = x.n FROM x
   WHERE x.next_at IS NOT NULL
     AND q.ctid = (SELECT p.ctid FROM queue p
                    WHERE p.lane = x.lane AND p.endpoint_id = x.endpoint_id AND p.due_at = x.due_at
                      AND p.delivery_id = x.id AND p.project_id = x.project_id AND p.attempt = x.fence)
     AND q.delivery_id = x.id AND q.due_at = x.due_at AND q.attempt = x.fence
  RETURNING x.*),
done AS (SELECT * FROM gone UNION ALL SELECT * FROM moved),
d AS (
  UPDATE deliveries_)sql" +
         day + R"sql( v
     SET status = s.state, attempts = s.n, last_status = coalesce(s.code, v.last_status), reason = s.reason,
         next_at = s.next_at, updated_at = $15::timestamptz,
         first_attempt = CASE WHEN s.n = 1 AND s.state = 2 THEN s.detail ELSE v.first_attempt END
    FROM done s WHERE v.project_id = s.project_id AND v.id = s.id),
f AS (
  INSERT INTO failed_deliveries (project_id, delivery_id, endpoint_id, failed_at)
  SELECT project_id, id, endpoint_id, $15::timestamptz FROM done WHERE state = 3
  ON CONFLICT DO NOTHING),
a AS (
  INSERT INTO attempts_)sql" +
         day + R"sql( (project_id, delivery_id, n, requested_at, status, failure, detail)
  SELECT project_id, id, n, requested_at, code, failure, detail FROM done
   WHERE detail IS NOT NULL AND NOT (n = 1 AND state = 2))
SELECT CASE WHEN count(*) < $16::int THEN coalesce(array_to_string(array_agg(id), ','), '') END FROM done)sql";
}

// The same for a batch in which every delivery succeeded at its first attempt, as nearly all do: two statements' worth
// of work less to set up.
std::string record_firsts_sql(const std::string& day) {
  return R"sql(
WITH x AS (
  SELECT unnest($1::smallint[]) AS lane, unnest($2::uuid[]) AS endpoint_id, unnest($3::timestamptz[]) AS due_at,
         unnest($4::uuid[]) AS id, unnest($5::uuid[]) AS project_id, unnest($6::smallint[]) AS fence,
         unnest($7::smallint[]) AS code, unnest($8::bytea[]) AS detail),
gone AS (
  DELETE FROM queue q USING x
   WHERE q.ctid = (SELECT p.ctid FROM queue p
                    WHERE p.lane = x.lane AND p.endpoint_id = x.endpoint_id AND p.due_at = x.due_at
                      AND p.delivery_id = x.id AND p.project_id = x.project_id AND p.attempt = x.fence)
     AND q.delivery_id = x.id AND q.due_at = x.due_at AND q.attempt = x.fence
  RETURNING x.*),
d AS (
  UPDATE deliveries_)sql" +
         day + R"sql( v
     SET status = 2, attempts = 1, last_status = s.code, reason = NULL, next_at = NULL, updated_at = $9::timestamptz,
         first_attempt = s.detail
    FROM gone s WHERE v.project_id = s.project_id AND v.id = s.id)
SELECT CASE WHEN count(*) < $10::int THEN coalesce(array_to_string(array_agg(id), ','), '') END FROM gone)sql";
}

bool is_first_success(const DeliveryResult& result) {
  return result.attempts == 1 && result.status == DeliveryStatus::success && result.attempt;
}

// The columns of one day's results.
struct Columns {
  UuidArray endpoint, id, project;
  Int2Array lane, fence, state, n, code;
  TimestampArray due, next, requested;
  TextArray reason, failure;
  ByteaArray detail;
  std::vector<DeliveryId> ids;
  bool are_firsts = true;

  void add(const DeliveryResult& result) {
    are_firsts = are_firsts && is_first_success(result) && !result.meta_event;
    lane.add(result.row.lane);
    endpoint.add(result.row.endpoint);
    due.add(result.row.due);
    id.add(result.row.delivery);
    ids.push_back(result.row.delivery);
    project.add(result.row.project);
    fence.add(result.row.attempt);
    next.add(result.next_due);
    state.add(static_cast<std::int16_t>(result.status));
    n.add(result.attempts);
    reason.add(or_null(result.reason));
    if (result.attempt) {
      const auto& attempt = *result.attempt;
      requested.add(attempt.requested_at);
      attempt.status == 0 ? code.add_null() : code.add(attempt.status);
      failure.add(attempt.failure);
      detail.add(is_first_success(result) ? encode_first_attempt(attempt, result.row.delivery)
                                          : encode_detail(attempt, result.row.delivery));
    } else {
      requested.add_null();
      code.add_null();
      failure.add_null();
      detail.add_null();
    }
  }
};

}  // namespace

Result<std::vector<DeliveryId>> record_results(Tx& tx, const std::vector<DeliveryResult>& results, TimePoint now) {
  std::map<std::string, Columns> days;
  for (const auto& result : results) days[partition_day(result.row.delivery.bytes)].add(result);
  std::vector<DeliveryId> recorded;
  for (auto& [day, c] : days) {
    const auto rows = c.are_firsts
                          ? tx.exec_named("record_firsts_" + day, record_firsts_sql(day), c.lane.take(),
                                          c.endpoint.take(), c.due.take(), c.id.take(), c.project.take(),
                                          c.fence.take(), c.code.take(), c.detail.take(), now, c.ids.size())
                          : tx.exec_named("record_" + day, record_sql(day), c.lane.take(), c.endpoint.take(),
                                          c.due.take(), c.id.take(), c.project.take(), c.fence.take(), c.next.take(),
                                          c.state.take(), c.n.take(), c.reason.take(), c.requested.take(),
                                          c.code.take(), c.failure.take(), c.detail.take(), now, c.ids.size());
    // Almost always all of them: then their ids need not travel back.
    if (rows[0][0].is_null()) {
      recorded.insert(recorded.end(), c.ids.begin(), c.ids.end());
    } else {
      for (const auto& id : as_ids<DeliveryTag>(rows[0][0])) recorded.push_back(id);
    }
  }
  return recorded;
}

}  // namespace fairlead::store
