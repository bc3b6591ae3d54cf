// Deliveries as the management API lists and shows them, with what they carry of event, endpoint and subscription.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/domain/delivery.hpp"
#include "common/store/db.hpp"
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
  bool is_beyond = false;  // did not fit into the bytes of its page: only the id counts
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
  std::int64_t bytes_max = 0;            // of all bodies together; the first always fits
};

// The delivery, or Code::not_found.
[[nodiscard]] Result<StoredDelivery> get_delivery(Tx& tx, const ProjectId& project, const DeliveryId& id);
// A keyset scan in id order, by the narrowest index that the filter allows; statement_timeout ends what matches too
// rarely.
[[nodiscard]] Result<std::vector<StoredDelivery>> list_deliveries(Tx& tx, const DeliveryFilter& filter,
                                                                  const Keyset& keyset);

}  // namespace fairlead::store
