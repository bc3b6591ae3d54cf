// A filter of deliveries as SQL. Only files of this room include this header.
#pragma once

#include "common/store/deliveries.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {

// The conditions for the filters that are set, on deliveries `d`. Parameters from `first` on: start, end, endpoints,
// event, subscription, statuses, type, owner; every one of them appears, so that all variants take the same ones. `$1`
// is the project. Everything beside the row itself is a look-up by key, whatever the planner thinks.
struct DeliveryConditions {
  std::string label, sql;
};
[[nodiscard]] DeliveryConditions conditions_of(const DeliveryFilter& filter, int first);

// The parameters that are arrays.
struct DeliveryLists {
  UuidArray endpoints;
  Int2Array statuses;
  explicit DeliveryLists(const DeliveryFilter& filter);
};

// Those made with the event share its time: neighbours in the key's index. Those that jobs made have an index.
// `columns` of them, between the ids of the parameters.
[[nodiscard]] std::string deliveries_of_event_sql(const std::string& columns, const std::string& event,
                                                  const std::string& low, const std::string& high);

}  // namespace fairlead::store
