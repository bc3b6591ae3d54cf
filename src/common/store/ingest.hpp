// The group commit: events, deliveries, queue rows and idempotency keys of one batch in one statement.
#pragma once

#include <map>
#include <vector>

#include "common/domain/config.hpp"
#include "common/domain/delivery.hpp"
#include "common/store/db.hpp"

namespace fairlead::store {

struct NewDelivery {
  DeliveryId id;
  SubscriptionId subscription;
  EndpointId endpoint;
  std::int16_t lane = 0;
  std::string discard_reason;  // not empty: final at once, visible, never queued
};

struct NewEvent {
  EventId id;
  ProjectId project;
  std::int64_t config_version = 0;  // that it was matched against
  std::shared_ptr<const EventContent> content;
  std::optional<EndpointId> endpoint;
  std::string owner_id;
  KeyHash content_hash{};
  std::vector<NewDelivery> deliveries;
  bool is_pending = false;  // expanded after the answer
  std::int16_t pending_lane = 0;
};

struct IngestBatch {
  TimePoint received_at;
  std::vector<const NewEvent*> events;  // ids of one UTC day
};

enum class IngestOutcome { stored, duplicate, conflict, stale };
struct IngestAnswer {
  IngestOutcome outcome = IngestOutcome::stale;
  EventId first_id;  // for a duplicate
};

// One answer per event, in order. stale: the project's configuration is newer than the event's, nothing of it was
// stored. Two events of one batch must not share a (project, idempotency key). Run it autocommit.
[[nodiscard]] Result<std::vector<IngestAnswer>> commit_events(Tx& tx, const IngestBatch& batch);

// Holds the configuration versions of these projects still until the transaction ends (their writers wait).
[[nodiscard]] Result<void> lock_project_versions(Tx& tx, const std::vector<ProjectId>& projects);

// The 80-bit tail that makes inserting the same delivery twice a conflict: SHA-256 over job or event, event,
// subscription.
[[nodiscard]] DeliveryId make_delivery_id(const EventId& origin, const EventId& event,
                                          const SubscriptionId& subscription);
// YYYYMMDD of the day whose partition holds the id.
[[nodiscard]] std::string partition_day(const IdBytes& id);

struct PendingEvent {
  ProjectId project;
  EventId event;
  std::int16_t lane = 0;
  std::int64_t config_version = 0;
  std::optional<SubscriptionId> cursor;
  std::string event_type;
  std::string owner_id;
  bool is_broadcast = false;
  std::optional<EndpointId> endpoint;  // that it was addressed to
  std::optional<SourceId> source;      // that it came in through
};
inline constexpr std::size_t pending_rows_max = 64;
// Events of these lanes that are still to be expanded, by project behind `after`, up to 16 of each: those that were
// expanded least, so that a large one does not hold up small ones behind it, and the oldest, so that small ones do not
// hold up a large one. Fewer than pending_rows_max: no project behind them has any.
[[nodiscard]] Result<std::vector<PendingEvent>> list_pending(Tx& tx, const std::vector<std::int16_t>& lanes,
                                                             const ProjectId& after = {});
// Inserts one chunk of an event's deliveries and moves its cursor from the one that was read, or finishes it (`next`
// empty). False: somebody else moved it, nothing was changed. Run it read_write.
[[nodiscard]] Result<bool> expand_pending(Tx& tx, const PendingEvent& pending,
                                          const std::vector<NewDelivery>& deliveries,
                                          std::optional<SubscriptionId> next, TimePoint now);

}  // namespace fairlead::store
