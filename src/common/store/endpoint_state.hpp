// What the owner of an endpoint's lane knows of it and hands over: disabled, failing since, held, breaker.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/store/db.hpp"

namespace fairlead::store {

struct EndpointState {
  ProjectId project;
  EndpointId endpoint;
  std::int16_t lane = 0;
  bool is_disabled = false;
  std::string reason;
  int generation = 1;  // the endpoints.generation that it speaks of
  std::optional<TimePoint> failing_since;
  std::optional<TimePoint> hold_until;
  std::optional<TimePoint> breaker_open_until;
  bool operator==(const EndpointState&) const = default;
};

// Of these lanes, those that say more than nothing. Autocommit.
[[nodiscard]] Result<std::vector<EndpointState>> list_endpoint_states(Tx& tx, const std::vector<std::int16_t>& lanes);
// Writes them as they are; how many. Autocommit.
[[nodiscard]] Result<int> save_endpoint_states(Tx& tx, const std::vector<EndpointState>& states, TimePoint now);

}  // namespace fairlead::store
