#include "common/store/results.hpp"

#include <map>

#include "common/crypto/digest.hpp"
#include "common/store/ingest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

// Everything is driven by the rows that DELETE and UPDATE of the queue return, never by the input: the queue row is the
// token. Partitions are named and carry no bounds (measured: what else the planner does with them).
std::string record_sql(const std::string& day) {
  return R"sql(
WITH x AS (
  SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::smallint[],
      $7::timestamptz[], $8::smallint[], $9::smallint[], $10::text[], $11::text[], $12::text[], $13::timestamptz[],
      $14::timestamptz[], $15::smallint[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::bytea[],
      $22::int[], $23::int[], $24::int[], $25::int[], $26::int[])
    x(lane, endpoint_id, due_at, id, project_id, fence, next_at, state, n, reason, url, address, requested_at,
      responded_at, code, phrase, failure, error, request_headers, response_headers, response_body,
      dns, connect, tls, first_byte, total)),
gone AS (
  DELETE FROM queue q USING x
   WHERE q.lane = x.lane AND q.endpoint_id = x.endpoint_id AND q.due_at = x.due_at AND q.delivery_id = x.id
     AND q.project_id = x.project_id AND q.attempt = x.fence AND x.next_at IS NULL
  RETURNING x.*),
moved AS (
  UPDATE queue q SET due_at = x.next_at, attempt = x.n FROM x
   WHERE q.lane = x.lane AND q.endpoint_id = x.endpoint_id AND q.due_at = x.due_at AND q.delivery_id = x.id
     AND q.project_id = x.project_id AND q.attempt = x.fence AND x.next_at IS NOT NULL
  RETURNING x.*),
done AS (SELECT * FROM gone UNION ALL SELECT * FROM moved),
d AS (
  UPDATE deliveries_)sql" +
         day + R"sql( v
     SET status = s.state, attempts = s.n, last_status = coalesce(s.code, v.last_status), reason = s.reason,
         next_at = s.next_at, updated_at = $27::timestamptz
    FROM done s WHERE v.project_id = s.project_id AND v.id = s.id),
f AS (
  INSERT INTO failed_deliveries (project_id, delivery_id, endpoint_id, failed_at)
  SELECT project_id, id, endpoint_id, $27::timestamptz FROM done WHERE state = 3
  ON CONFLICT DO NOTHING),
a AS (
  INSERT INTO attempts_)sql" +
         day + R"sql( (project_id, delivery_id, n, endpoint_id, url, address, requested_at,
      responded_at, status, reason_phrase, failure, error, request_headers, response_headers, response_body, phases_us)
  SELECT project_id, id, n, endpoint_id, url, address, requested_at, responded_at, code, phrase, failure, error,
         request_headers, response_headers, response_body, ARRAY[dns, connect, tls, first_byte, total]
    FROM done WHERE url IS NOT NULL)
SELECT id FROM done)sql";
}

std::optional<std::string> or_null(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

// The columns of one day's results as array literals.
struct Columns {
  ArrayText lane, endpoint, due, id, project, fence, next, state, n, reason, url, address, requested, responded, code,
      phrase, failure, error, request_headers, response_headers, body;
  ArrayText phases[5];

  void add(const DeliveryResult& result) {
    lane.add(result.row.lane);
    endpoint.add(result.row.endpoint);
    due.add(result.row.due);
    id.add(result.row.delivery);
    project.add(result.row.project);
    fence.add(result.row.attempt);
    next.add(result.next_due);
    state.add(static_cast<std::int16_t>(result.status));
    n.add(result.attempts);
    reason.add(or_null(result.reason));
    result.attempt ? add_attempt(*result.attempt) : add_no_attempt();
  }

 private:
  void add_attempt(const AttemptRecord& attempt) {
    url.add(std::string_view(attempt.url));
    address.add(or_null(attempt.address));
    requested.add(attempt.requested_at);
    responded.add(attempt.responded_at);
    attempt.status == 0 ? code.add_null() : code.add(attempt.status);
    phrase.add(or_null(attempt.reason_phrase));
    failure.add(std::string_view(attempt.failure));
    error.add(or_null(attempt.error));
    request_headers.add(std::string_view(attempt.request_headers));
    response_headers.add(or_null(attempt.response_headers));
    body.add(std::string_view("\\x" + crypto::to_hex(attempt.response_body)));
    for (int index = 0; index < 5; ++index)
      phases[index].add(std::min<std::int64_t>(attempt.phases_us[index], INT32_MAX));
  }
  void add_no_attempt() {
    for (auto* column : {&url, &address, &requested, &responded, &code, &phrase, &failure, &error, &request_headers,
                         &response_headers, &body, &phases[0], &phases[1], &phases[2], &phases[3], &phases[4]}) {
      column->add_null();
    }
  }
};

}  // namespace

Result<std::vector<DeliveryId>> record_results(Tx& tx, const std::vector<DeliveryResult>& results, TimePoint now) {
  std::map<std::string, Columns> days;
  for (const auto& result : results) days[partition_day(result.row.delivery.bytes)].add(result);
  std::vector<DeliveryId> recorded;
  for (auto& [day, c] : days) {
    const auto rows = tx.exec_named(
        "record_" + day, record_sql(day), c.lane.take(), c.endpoint.take(), c.due.take(), c.id.take(), c.project.take(),
        c.fence.take(), c.next.take(), c.state.take(), c.n.take(), c.reason.take(), c.url.take(), c.address.take(),
        c.requested.take(), c.responded.take(), c.code.take(), c.phrase.take(), c.failure.take(), c.error.take(),
        c.request_headers.take(), c.response_headers.take(), c.body.take(), c.phases[0].take(), c.phases[1].take(),
        c.phases[2].take(), c.phases[3].take(), c.phases[4].take(), now);
    for (const auto& row : rows) recorded.push_back(as_id<DeliveryTag>(row[0]));
  }
  return recorded;
}

}  // namespace fairlead::store
