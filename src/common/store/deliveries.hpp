// Deliveries as the management API lists and shows them, with what they carry of event, endpoint and subscription.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/domain/delivery.hpp"
#include "common/store/db.hpp"
#include "common/store/events.hpp"
#include "common/store/keyset.hpp"
#include "common/store/subscriptions.hpp"

namespace fairlead::store {

struct StoredDelivery {
  DeliveryId id;
  ProjectId project;
  EventId event;
  EndpointId endpoint;
  SubscriptionId subscription;
  TimePoint created_at;
  TimePoint updated_at;
  std::optional<TimePoint> next_at;
  DeliveryStatus status = DeliveryStatus::scheduled;
  bool is_begun = false;  // an at-most-once delivery whose sending was begun and not yet recorded
  int attempts = 0;
  std::string reason;
  std::string event_type;
  std::string body;  // of the event, as received
  std::string headers_json;
  std::string idempotency_key;
  std::optional<TimePoint> event_received_at;  // none: the event is gone
  std::string delivery_mode;
  std::optional<SubscriptionRetry> retry;  // the subscription's own
  EndpointBrief endpoint_brief;
  std::optional<SourceBrief> source;  // of the event
  std::string url_query;              // that the event came with
  bool is_beyond = false;             // did not fit into the bytes of its page: only the id counts
};

struct DeliveryFilter {
  ProjectId project;
  TimePoint start;                    // created from then on
  TimePoint end;                      // created before
  std::vector<EndpointId> endpoints;  // empty: any
  std::optional<EventId> event;
  std::optional<SubscriptionId> subscription;
  std::vector<DeliveryStatus> statuses;  // empty: any
  std::string event_type;                // empty: any
  std::string owner_id;                  // of the endpoint; empty: any
  std::int64_t bytes_max = 0;            // of all bodies together; the first always fits
};

// The delivery, or Code::not_found.
[[nodiscard]] Result<StoredDelivery> get_delivery(Tx& tx, const ProjectId& project, const DeliveryId& id);
// A slice in id order. What the filter matches rarely and no index knows is looked for as long as the keyset says.
[[nodiscard]] Result<Walk<StoredDelivery>> list_deliveries(Tx& tx, const DeliveryFilter& filter, const Keyset& keyset);

// How many there are, and how many of each status: as costly as reading them all, which statement_timeout ends.
[[nodiscard]] Result<std::int64_t> count_deliveries(Tx& tx, const DeliveryFilter& filter, const Keyset& within);
[[nodiscard]] Result<std::map<DeliveryStatus, std::int64_t>> count_by_status(Tx& tx, const DeliveryFilter& filter,
                                                                             const Keyset& within);
// For jobs: the ids of a step through the filter's deliveries, in ascending order.
struct DeliveryScan {
  std::vector<DeliveryId> deliveries;
  std::optional<IdBytes> last;  // everything up to it was looked at
  bool is_last = false;         // there is nothing behind it
};
[[nodiscard]] Result<DeliveryScan> scan_deliveries(Tx& tx, const DeliveryFilter& filter, const ScanRange& range);

}  // namespace fairlead::store
