#include "common/store/endpoint_state.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement list_sql{"endpoint_states", R"sql(
  SELECT project_id, endpoint_id, lane, status = 'inactive', reason, generation, failing_since, hold_until,
         breaker_open_until
    FROM endpoint_state
   WHERE lane = ANY ($1::smallint[])
     AND (status <> 'active' OR failing_since IS NOT NULL OR hold_until IS NOT NULL OR breaker_open_until IS NOT NULL))sql"};
// The project is told of those that became disabled. What is asked of the table is what it was before.
constexpr Statement save_sql{"endpoint_states_save", R"sql(
  WITH saved AS (
    INSERT INTO endpoint_state AS s (project_id, endpoint_id, lane, status, reason, generation, failing_since,
                                     hold_until, breaker_open_until, updated_at)
    SELECT x.*, $10::timestamptz
      FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::int[], $7::timestamptz[],
                  $8::timestamptz[], $9::timestamptz[]) x
    ON CONFLICT (project_id, endpoint_id) DO UPDATE
      SET status = excluded.status, reason = excluded.reason, generation = excluded.generation,
          failing_since = excluded.failing_since, hold_until = excluded.hold_until,
          breaker_open_until = excluded.breaker_open_until, updated_at = excluded.updated_at
    RETURNING project_id, endpoint_id, status, generation)
  SELECT n.endpoint_id,
         CASE WHEN n.status = 'inactive' AND NOT EXISTS (
                SELECT 1 FROM endpoint_state o
                 WHERE o.project_id = n.project_id AND o.endpoint_id = n.endpoint_id AND o.status = 'inactive'
                   AND o.generation = n.generation)
              THEN tell_of_endpoint(n.project_id, n.endpoint_id, 'endpoint.updated') END
    FROM saved n)sql"};

}  // namespace

Result<std::vector<EndpointState>> list_endpoint_states(Tx& tx, const std::vector<std::int16_t>& lanes) {
  Int2Array list;
  for (const auto lane : lanes) list.add(lane);
  std::vector<EndpointState> states;
  for (const auto& row : tx.exec(list_sql, list.take())) {
    states.push_back({as_id<ProjectTag>(row[0]), as_id<EndpointTag>(row[1]), row[2].as<std::int16_t>(),
                      row[3].as<bool>(), as_text(row[4]), row[5].as<int>(), as_optional_time(row[6]),
                      as_optional_time(row[7]), as_optional_time(row[8])});
  }
  return states;
}

Result<int> save_endpoint_states(Tx& tx, const std::vector<EndpointState>& states, TimePoint now) {
  UuidArray project, endpoint;
  Int2Array lane;
  TextArray status, reason;
  Int4Array generation;
  TimestampArray failing, hold, breaker;
  for (const auto& state : states) {
    project.add(state.project);
    endpoint.add(state.endpoint);
    lane.add(state.lane);
    status.add(state.is_disabled ? "inactive" : "active");
    reason.add(or_null(state.reason));
    generation.add(state.generation);
    failing.add(state.failing_since);
    hold.add(state.hold_until);
    breaker.add(state.breaker_open_until);
  }
  return static_cast<int>(tx.exec(save_sql, project.take(), endpoint.take(), lane.take(), status.take(), reason.take(),
                                  generation.take(), failing.take(), hold.take(), breaker.take(), now)
                              .size());
}

}  // namespace fairlead::store
