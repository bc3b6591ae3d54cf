#include "common/store/failure_rates.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement count_sql{"endpoint_outcomes", R"sql(
  SELECT d.endpoint_id, count(*) FILTER (WHERE d.status = 2), count(*) FILTER (WHERE d.status = 3),
         count(*) FILTER (WHERE d.status = 1)
    FROM deliveries d
   WHERE d.project_id = $1 AND d.endpoint_id = ANY ($2::uuid[]) AND d.id BETWEEN $3 AND $4
     AND d.created_at >= $5 AND d.created_at < $6
   GROUP BY d.endpoint_id)sql"};

}  // namespace

Result<std::vector<EndpointOutcomes>> count_outcomes(Tx& tx, const OutcomePeriod& period,
                                                     const std::vector<EndpointId>& endpoints) {
  UuidArray ids;
  for (const auto& endpoint : endpoints) ids.add(endpoint);
  tx.exec_script("SET LOCAL statement_timeout = " + std::to_string(period.patience.count()));
  std::vector<EndpointOutcomes> outcomes;
  for (const auto& row : tx.exec(count_sql, period.project, ids.take(), DeliveryId{period.low}, DeliveryId{period.high},
                                 period.start, period.end)) {
    outcomes.push_back(
        {as_id<EndpointTag>(row[0]), row[1].as<std::int64_t>(), row[2].as<std::int64_t>(), row[3].as<std::int64_t>()});
  }
  return outcomes;
}

}  // namespace fairlead::store
