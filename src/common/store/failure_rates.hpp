// How many of an endpoint's deliveries of a period succeeded, and how many did not (wire contract 3.2).
#pragma once

#include <cstdint>
#include <vector>

#include "common/core/id.hpp"
#include "common/store/db.hpp"

namespace fairlead::store {

struct EndpointOutcomes {
  EndpointId endpoint;
  std::int64_t success = 0;
  std::int64_t failure = 0;
  std::int64_t retry = 0;
};
struct OutcomePeriod {
  ProjectId project;
  IdBytes low, high;  // of the deliveries' ids, inclusive
  TimePoint start, end;
  std::chrono::milliseconds patience;
};
// Of those endpoints that have deliveries in the period, in no order. Code::unavailable, reason "database_busy", once
// the patience is spent. Run it in TxKind::snapshot.
[[nodiscard]] Result<std::vector<EndpointOutcomes>> count_outcomes(Tx& tx, const OutcomePeriod& period,
                                                                   const std::vector<EndpointId>& endpoints);

}  // namespace fairlead::store
