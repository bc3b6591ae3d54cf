// Final deliveries become unfinished again: the same delivery, its attempts numbered on, with a fresh retry budget.
#pragma once

#include <string>
#include <vector>

#include "common/domain/delivery.hpp"
#include "common/store/db.hpp"
#include "common/store/queue.hpp"

namespace fairlead::store {

// Why a delivery cannot be sent again; none: nothing speaks against it.
enum class Obstacle { none, endpoint_deleted, endpoint_paused, endpoint_inactive, event_gone, attempts_spent };

struct Resendable {
  DeliveryId id;
  DeliveryStatus status = DeliveryStatus::scheduled;
  Obstacle obstacle = Obstacle::none;
  std::string owner_id;  // of its endpoint
};
// What is known of these deliveries; those that the project does not have are left out. At most 1,000.
[[nodiscard]] Result<std::vector<Resendable>> look_before_resend(Tx& tx, const ProjectId& project,
                                                                 const std::vector<DeliveryId>& deliveries);

// Makes those of the deliveries that have one of these final statuses unfinished and due at once, and answers their
// endpoints; the others stay as they are. Afterwards the endpoints' owners want a hint. At most 1,000. Run it
// read_write.
[[nodiscard]] Result<std::vector<EndpointDue>> send_again(Tx& tx, const ProjectId& project,
                                                          const std::vector<DeliveryId>& deliveries,
                                                          const std::vector<DeliveryStatus>& from);

// A delivery cannot have more attempts than their numbers allow.
inline constexpr int attempts_resendable_max = 30000;

}  // namespace fairlead::store
