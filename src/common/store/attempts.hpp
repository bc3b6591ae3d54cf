// Attempts of a delivery as the management API shows them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/store/attempt_detail.hpp"
#include "common/store/db.hpp"

namespace fairlead::store {

struct StoredAttempt {
  DeliveryId delivery;
  int n = 0;  // from 1
  EndpointId endpoint;
  AttemptRecord record;
};

inline constexpr int attempts_listed_max = 100;

// Attempts have no id of their own in the database: it follows from delivery and number.
[[nodiscard]] AttemptId attempt_id(const DeliveryId& delivery, int n);
// The latest attempts_listed_max, oldest first.
[[nodiscard]] Result<std::vector<StoredAttempt>> list_attempts(Tx& tx, const ProjectId& project,
                                                               const DeliveryId& delivery);
// Code::not_found if the delivery has no attempt of that id.
[[nodiscard]] Result<StoredAttempt> get_attempt(Tx& tx, const ProjectId& project, const DeliveryId& delivery,
                                                const AttemptId& id);

}  // namespace fairlead::store
