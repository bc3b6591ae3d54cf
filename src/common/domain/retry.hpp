// When a failed delivery is tried again. Pure: time and jitter are passed in.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "common/core/clock.hpp"

namespace fairlead {

enum class RetryKind { schedule, linear, exponential };

// `attempts_max` counts all attempts, the first included.
struct RetryPolicy {
  RetryKind kind = RetryKind::schedule;
  std::chrono::seconds interval{0};         // linear: the wait; exponential: the first wait
  std::chrono::seconds interval_max{7200};  // exponential: the cap
  int attempts_max = 10;
  bool operator==(const RetryPolicy&) const = default;
};

// The default schedule's waits after attempt 1, 2, …, 9 (before jitter): 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20
// h, 24 h.
[[nodiscard]] const std::vector<std::chrono::seconds>& default_schedule();

// When to try again, or nothing if the policy is spent. `attempt` is the one that failed, counted from 1; jitter is in
// [0,1). schedule: wait × (0.8 + 0.4·jitter), beyond its end the last wait; linear: the interval; exponential:
// min(interval · 2^(attempt-1), cap) + 5 s · jitter.
[[nodiscard]] std::optional<TimePoint> next_attempt_at(const RetryPolicy& policy, int attempt, TimePoint now,
                                                       double jitter);

}  // namespace fairlead
