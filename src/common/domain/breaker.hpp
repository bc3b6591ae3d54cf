// The circuit breaker of one endpoint: stops sending where sending fails, probes, and comes back gently.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "common/core/clock.hpp"

namespace fairlead {

struct BreakerPolicy {
  int consecutive_failures = 10;  // so many in a row open it
  int failure_percent = 70;       // or this share of the results in `window`,
  int requests_min = 10;          // once there were so many
  std::chrono::seconds window{300};
  std::chrono::seconds open_for{30};  // doubles with every reopening, up to five minutes
  int successes_to_close = 5;
  bool operator==(const BreakerPolicy&) const = default;
};

enum class BreakerState { closed, open, half_open };

// Closed: everything may be in flight. Open: nothing. Half-open, from `open_until` on: one request, and each success
// doubles the allowance; enough of them close it, a failure opens it again. The allowance goes on doubling after
// closing until it has reached what the caller calls full. Bounded memory, no clock of its own. Not thread-safe: it
// belongs to the strand of the endpoint's owner.
class Breaker {
 public:
  explicit Breaker(BreakerPolicy policy);

  // How many requests may be in flight, of at most `full`.
  [[nodiscard]] int allowed(TimePoint now, int full) const;
  // The result of one request. While open, results of requests sent before it opened change nothing.
  void record(bool success, TimePoint now);
  // Until when it lets nothing through (perhaps past: then it is half-open); nothing while closed.
  [[nodiscard]] std::optional<TimePoint> open_until() const;
  // What the endpoint's previous owner knew: open (or half-open, if `until` is past).
  void restore_open(TimePoint until);
  [[nodiscard]] BreakerState state(TimePoint now) const;
  // From now on judges by this policy; what it has seen stays.
  void set_policy(const BreakerPolicy& policy) { policy_ = policy; }
  [[nodiscard]] const BreakerPolicy& policy() const { return policy_; }
  // A closed breaker begins again with one request and doubles with every success (a paused endpoint resumes).
  void ramp_up(TimePoint now);

 private:
  static constexpr std::int64_t kBucketCount = 10;
  struct Bucket {
    std::int64_t number = -1;  // the time it stands for, in bucket lengths since the epoch
    std::int64_t successes = 0;
    std::int64_t failures = 0;
  };

  void record_half_open(bool success, TimePoint now);
  void record_closed(bool success, TimePoint now);
  void count(bool success, TimePoint now);
  [[nodiscard]] bool is_failing(TimePoint now) const;
  [[nodiscard]] std::int64_t bucket_number(TimePoint now) const;
  void open(TimePoint now, std::chrono::seconds wait);
  void close();
  void double_allowance();

  BreakerPolicy policy_;
  std::array<Bucket, kBucketCount> buckets_;
  std::int64_t failures_in_a_row_ = 0;
  std::optional<TimePoint> open_until_;
  std::chrono::seconds open_for_;  // the wait of the opening under way
  int probe_successes_ = 0;
  std::optional<int> allowance_;  // none: no ramp under way
};

}  // namespace fairlead
