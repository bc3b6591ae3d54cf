// Records what became of deliveries: the queue row, the delivery, the attempt and the list of failures in one statement
// a day.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/delivery.hpp"
#include "common/store/attempt_detail.hpp"
#include "common/store/db.hpp"
#include "common/store/meta_events.hpp"

namespace fairlead::store {

struct DeliveryResult {
  QueueRow row;  // as it was sent: its due time and attempt are the fence
  DeliveryStatus status = DeliveryStatus::success;
  std::optional<TimePoint> next_due;                         // try again then; nothing: final
  int attempts = 0;                                          // made so far, this one included
  std::string reason;                                        // for people; empty on success
  std::shared_ptr<AttemptRecord> attempt;                    // null: it was not sent (discarded)
  std::shared_ptr<const NewMetaEvent> meta_event = nullptr;  // stored with the result; null: nobody wants to be told
  std::uint64_t flight = 0;  // the sender's own number of it, not stored; 0: it was not sent
};

// Those whose row was still as it was sent, and is now recorded; the others were recorded by somebody else and nothing
// of theirs was changed. At most 256 results; run it autocommit if all delivery ids are of one UTC day, else
// read_write.
[[nodiscard]] Result<std::vector<DeliveryId>> record_results(Tx& tx, const std::vector<DeliveryResult>& results,
                                                             TimePoint now);

}  // namespace fairlead::store
