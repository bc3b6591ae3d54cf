// Work in the background: what kinds there are and how far one has come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/clock.hpp"
#include "common/core/id.hpp"
#include "common/domain/delivery.hpp"

namespace fairlead {

using JobId = Id<struct JobTag>;

enum class JobKind {
  replay_events,     // match again, deliver anew
  retry_deliveries,  // send final deliveries again that did not succeed
  recover_failed,    // the same for one endpoint
  send_missing,      // events that match an endpoint now and have no delivery for it
};
enum class JobState { queued, running, completed, cancelled, failed };

[[nodiscard]] constexpr std::string_view to_text(JobKind kind) {
  constexpr std::string_view kNames[] = {"replay_events", "retry_deliveries", "recover_failed", "send_missing"};
  return kNames[static_cast<std::size_t>(kind)];
}
[[nodiscard]] constexpr std::string_view to_text(JobState state) {
  constexpr std::string_view kNames[] = {"queued", "running", "completed", "cancelled", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}
[[nodiscard]] constexpr std::optional<JobKind> job_kind_from(std::string_view text) {
  for (const auto kind :
       {JobKind::replay_events, JobKind::retry_deliveries, JobKind::recover_failed, JobKind::send_missing}) {
    if (to_text(kind) == text) return kind;
  }
  return std::nullopt;
}

[[nodiscard]] constexpr bool is_about_events(JobKind kind) {
  return kind == JobKind::replay_events || kind == JobKind::send_missing;
}

// What a job is about. Which fields count depends on its kind; those that are empty select everything.
struct JobFilter {
  TimePoint start;  // created from then on
  TimePoint end;    // created before
  std::vector<EndpointId> endpoints;
  std::vector<SourceId> sources;
  std::optional<EventId> event;
  std::optional<SubscriptionId> subscription;
  std::vector<DeliveryStatus> statuses;
  std::string event_type;
  std::string owner_id;
  std::string idempotency_key;
  std::string scope_owner;  // nothing is delivered beyond this owner's endpoints; empty: no such limit
};

// Objects a second.
inline constexpr int job_rate_default = 1000;
inline constexpr int job_rate_max = 10000;

struct JobCounts {
  std::int64_t done = 0;  // = succeeded + failed + skipped
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::int64_t skipped = 0;
  std::int64_t deliveries = 0;  // made or sent again
};

}  // namespace fairlead
