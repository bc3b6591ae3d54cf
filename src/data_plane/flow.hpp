// What passes from stage to stage; app connects them.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/domain/delivery.hpp"
#include "common/store/ingest.hpp"
#include "common/store/queue.hpp"

namespace fairlead {

// A queue row that was just committed, with what it sends: the way from ingest to delivery that never reads the
// database.
struct OfferedDelivery {
  QueueRow row;
  std::shared_ptr<const EventContent> content;
};
// The queue row that a delivery was stored with, due at once and never tried.
[[nodiscard]] inline OfferedDelivery make_offer(const store::NewDelivery& delivery, const ProjectId& project,
                                                const EventId& event, std::int64_t config_version, TimePoint due,
                                                std::shared_ptr<const EventContent> content) {
  return {{.lane = delivery.lane,
           .project = project,
           .endpoint = delivery.endpoint,
           .delivery = delivery.id,
           .event = event,
           .subscription = delivery.subscription,
           .due = due,
           .attempt = 0,
           .config_version = config_version},
          std::move(content)};
}
// Takes freshly committed rows; thread-safe.
using Offer = std::function<void(std::vector<OfferedDelivery>)>;

// Endpoints that may have rows in the database of which no memory knows, because their commit's outcome was not told:
// their owners look at once instead of at the next scan; thread-safe.
using Recall = std::function<void(std::vector<store::EndpointDue>)>;

// The database's clock as this node knows it; thread-safe.
using DatabaseClock = std::function<TimePoint()>;

}  // namespace fairlead
