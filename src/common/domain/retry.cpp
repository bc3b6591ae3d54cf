#include "common/domain/retry.hpp"

#include <algorithm>

namespace fairlead {
namespace {

// Longer than any policy means, short enough that no sum of times can overflow.
constexpr std::chrono::seconds kWaitMax = std::chrono::days{366};

Micros scheduled_wait(int attempt, double jitter) {
  const auto& waits = default_schedule();
  const auto index = std::min<std::size_t>(static_cast<std::size_t>(attempt - 1), waits.size() - 1);
  const auto micros = static_cast<double>(Micros{waits[index]}.count());
  return Micros{static_cast<Micros::rep>(micros * (0.8 + 0.4 * jitter))};
}

Micros exponential_wait(const RetryPolicy& policy, int attempt, double jitter) {
  const auto cap = std::clamp(policy.interval_max, std::chrono::seconds{0}, kWaitMax);
  auto wait = std::clamp(policy.interval, std::chrono::seconds{0}, cap);
  for (int step = 1; step < attempt && wait.count() > 0 && wait < cap; ++step) wait = std::min(wait * 2, cap);
  return Micros{wait} + Micros{static_cast<Micros::rep>(5e6 * jitter)};
}

}  // namespace

const std::vector<std::chrono::seconds>& default_schedule() {
  using namespace std::chrono_literals;
  static const std::vector<std::chrono::seconds> waits{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
  return waits;
}

std::optional<TimePoint> next_attempt_at(const RetryPolicy& policy, int attempt, TimePoint now, double jitter) {
  attempt = std::max(attempt, 1);
  if (attempt >= policy.attempts_max) return std::nullopt;
  switch (policy.kind) {
    case RetryKind::schedule:
      return now + scheduled_wait(attempt, jitter);
    case RetryKind::linear:
      return now + std::clamp(policy.interval, std::chrono::seconds{0}, kWaitMax);
    case RetryKind::exponential:
      return now + exponential_wait(policy, attempt, jitter);
  }
  return std::nullopt;
}

}  // namespace fairlead
