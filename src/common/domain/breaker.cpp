#include "common/domain/breaker.hpp"

#include <algorithm>

namespace fairlead {
namespace {

constexpr std::chrono::seconds kOpenForMax{300};
constexpr int kAllowanceMax = 1 << 20;  // no endpoint has so many requests in flight: the ramp has ended

}  // namespace

Breaker::Breaker(BreakerPolicy policy) : policy_(policy), open_for_(policy.open_for) {}

int Breaker::allowed(TimePoint now, int full) const {
  if (state(now) == BreakerState::open) return 0;
  return allowance_ ? std::min(*allowance_, full) : full;
}

BreakerState Breaker::state(TimePoint now) const {
  if (!open_until_) return BreakerState::closed;
  return now < *open_until_ ? BreakerState::open : BreakerState::half_open;
}

std::optional<TimePoint> Breaker::open_until() const { return open_until_; }

void Breaker::record(bool success, TimePoint now) {
  switch (state(now)) {
    case BreakerState::open:
      return;
    case BreakerState::half_open:
      return record_half_open(success, now);
    case BreakerState::closed:
      return record_closed(success, now);
  }
}

void Breaker::record_half_open(bool success, TimePoint now) {
  if (!success) return open(now, std::max(policy_.open_for, std::min(open_for_ * 2, kOpenForMax)));
  double_allowance();
  if (++probe_successes_ >= policy_.successes_to_close) close();
}

void Breaker::record_closed(bool success, TimePoint now) {
  count(success, now);
  if (success) return double_allowance();
  if (is_failing(now)) open(now, policy_.open_for);
}

void Breaker::restore_open(TimePoint until) {
  open(until, std::chrono::seconds{0});
  open_for_ = policy_.open_for;
}

void Breaker::ramp_up(TimePoint now) {
  if (state(now) == BreakerState::closed) allowance_ = 1;
}

void Breaker::count(bool success, TimePoint now) {
  failures_in_a_row_ = success ? 0 : failures_in_a_row_ + 1;
  const std::int64_t number = bucket_number(now);
  Bucket& bucket = buckets_[static_cast<std::size_t>(number % kBucketCount)];
  if (bucket.number != number) bucket = {.number = number};
  ++(success ? bucket.successes : bucket.failures);
}

bool Breaker::is_failing(TimePoint now) const {
  if (failures_in_a_row_ >= policy_.consecutive_failures) return true;
  const std::int64_t number = bucket_number(now);
  std::int64_t successes = 0, failures = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.number <= number - kBucketCount || bucket.number > number) continue;
    successes += bucket.successes;
    failures += bucket.failures;
  }
  const std::int64_t all = successes + failures;
  return all >= policy_.requests_min && failures * 100 >= all * policy_.failure_percent;
}

std::int64_t Breaker::bucket_number(TimePoint now) const {
  const std::int64_t length = std::max<std::int64_t>(Micros{policy_.window}.count() / kBucketCount, 1);
  return std::max<std::int64_t>(now.time_since_epoch().count(), 0) / length;
}

void Breaker::open(TimePoint now, std::chrono::seconds wait) {
  open_until_ = now + wait;
  open_for_ = wait;
  allowance_ = 1;
  probe_successes_ = 0;
}

// What was counted before it opened is no reason to open it again.
void Breaker::close() {
  open_until_.reset();
  failures_in_a_row_ = 0;
  buckets_.fill({});
}

void Breaker::double_allowance() {
  if (!allowance_) return;
  *allowance_ *= 2;
  if (*allowance_ >= kAllowanceMax) allowance_.reset();
}

}  // namespace fairlead
