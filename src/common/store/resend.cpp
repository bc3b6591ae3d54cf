#include "common/store/resend.hpp"

#include <map>

#include "common/store/ingest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement look_sql{"resend_look", R"sql(
  SELECT d.id, d.status,
         CASE WHEN n.id IS NULL OR n.deleted_at IS NOT NULL THEN 1
              WHEN n.status = 'paused' THEN 2
              WHEN n.status = 'inactive' OR (t.status = 'inactive' AND t.generation = n.generation) THEN 3
              WHEN NOT EXISTS (SELECT 1 FROM events e WHERE e.project_id = $1 AND e.id = d.event_id) THEN 4
              WHEN d.attempts >= $3 THEN 5 ELSE 0 END, n.owner_id
    FROM unnest($2::uuid[]) x(id)
    CROSS JOIN LATERAL (SELECT v.* FROM deliveries v WHERE v.project_id = $1 AND v.id = x.id LIMIT 1) d
    LEFT JOIN endpoints n ON n.project_id = $1 AND n.id = d.endpoint_id
    LEFT JOIN endpoint_state t ON t.project_id = $1 AND t.endpoint_id = d.endpoint_id)sql"};
// A final delivery has no row in the queue, and gets one in the transaction that changes its status: whoever comes
// second finds the status changed. Due times are the database's.
std::string resume_sql(const std::string& day) {
  return R"sql(
WITH u AS (
  UPDATE deliveries_)sql" +
         day + R"sql( d
     SET status = 0, reason = NULL, next_at = statement_timestamp(), updated_at = statement_timestamp()
   WHERE d.project_id = $1 AND d.id = ANY ($2::uuid[]) AND d.status = ANY ($3::smallint[]) AND d.attempts < $4
  RETURNING d.id, d.event_id, d.endpoint_id, d.subscription_id, d.attempts, d.next_at),
f AS (DELETE FROM failed_deliveries f WHERE f.project_id = $1 AND f.delivery_id = ANY (ARRAY(SELECT u.id FROM u)))
SELECT * FROM u)sql";
}
constexpr Statement enqueue_sql{"resend_enqueue", R"sql(
  INSERT INTO queue (lane, endpoint_id, due_at, delivery_id, project_id, event_id, subscription_id, attempt,
                     attempts_before, config_version)
  SELECT x.lane, x.endpoint_id, x.due_at, x.id, $1::uuid, x.event_id, x.subscription_id, x.attempts, x.attempts,
         (SELECT p.config_version FROM projects p WHERE p.id = $1)
    FROM unnest($2::smallint[], $3::uuid[], $4::timestamptz[], $5::uuid[], $6::uuid[], $7::uuid[], $8::smallint[])
      x(lane, endpoint_id, due_at, id, event_id, subscription_id, attempts))sql"};

struct Columns {
  Int2Array lane, attempts;
  UuidArray endpoint, id, event, subscription;
  TimestampArray due;
};

}  // namespace

Result<std::vector<Resendable>> look_before_resend(Tx& tx, const ProjectId& project,
                                                   const std::vector<DeliveryId>& deliveries) {
  UuidArray ids;
  for (const auto& id : deliveries) ids.add(id);
  std::vector<Resendable> found;
  for (const auto& row : tx.exec(look_sql, project, ids.take(), attempts_resendable_max)) {
    found.push_back({as_id<DeliveryTag>(row[0]), static_cast<DeliveryStatus>(row[1].as<int>()),
                     static_cast<Obstacle>(row[2].as<int>()), as_text(row[3])});
  }
  return found;
}

Result<std::vector<EndpointDue>> send_again(Tx& tx, const ProjectId& project, const std::vector<DeliveryId>& deliveries,
                                            const std::vector<DeliveryStatus>& from) {
  std::map<std::string, UuidArray> days;
  for (const auto& id : deliveries) days[partition_day(id.bytes)].add(id);
  FL_TRY(const int lanes, lane_count(tx));
  Columns c;
  std::vector<EndpointDue> resumed;
  for (auto& [day, ids] : days) {
    Int2Array statuses;
    for (const auto status : from) statuses.add(static_cast<std::int16_t>(status));
    for (const auto& row : tx.exec_named("resend_" + day, resume_sql(day), project, ids.take(), statuses.take(),
                                         attempts_resendable_max)) {
      const auto endpoint = as_id<EndpointTag>(row[2]);
      const EndpointDue due{lane_of(endpoint.bytes, lanes), endpoint, project, as_time(row[5])};
      c.lane.add(due.lane);
      c.id.add(as_id<DeliveryTag>(row[0]));
      c.event.add(as_id<EventTag>(row[1]));
      c.endpoint.add(endpoint);
      c.subscription.add(as_id<SubscriptionTag>(row[3]));
      c.attempts.add(row[4].as<int>());
      c.due.add(due.due);
      resumed.push_back(due);
    }
  }
  if (!resumed.empty()) {
    tx.exec(enqueue_sql, project, c.lane.take(), c.endpoint.take(), c.due.take(), c.id.take(), c.event.take(),
            c.subscription.take(), c.attempts.take());
  }
  return resumed;
}

}  // namespace fairlead::store
