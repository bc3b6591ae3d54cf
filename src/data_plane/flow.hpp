// What passes from stage to stage; app connects them.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/domain/delivery.hpp"
#include "common/store/queue.hpp"

namespace fairlead {

// A queue row that was just committed, with what it sends: the way from ingest to delivery that never reads the
// database.
struct OfferedDelivery {
  QueueRow row;
  std::shared_ptr<const EventContent> content;
};
// Takes freshly committed rows; thread-safe.
using Offer = std::function<void(std::vector<OfferedDelivery>)>;

// Endpoints that may have rows in the database of which no memory knows, because their commit's outcome was not told:
// their owners look at once instead of at the next scan; thread-safe.
using Recall = std::function<void(std::vector<store::EndpointDue>)>;

// The database's clock as this node knows it; thread-safe.
using DatabaseClock = std::function<TimePoint()>;

}  // namespace fairlead
