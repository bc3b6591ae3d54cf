#include "common/domain/rate_limiter.hpp"

#include <algorithm>

namespace fairlead {
namespace {

// Clocks of one machine differ by less than this between two readings; more means that the clock was set back.
constexpr std::int64_t kClockStepMicros = 1'000'000;

}  // namespace

RateLimiter::RateLimiter(int count, std::chrono::seconds window, std::optional<int> burst)
    : count_(window.count() > 0 ? std::max(count, 0) : 0) {
  if (count_ == 0) return;
  const std::int64_t micros = Micros{window}.count();
  spacing_ = {micros / count_, micros % count_};
  const std::int64_t further = std::clamp<std::int64_t>(burst.value_or(count / 10), 1, count_) - 1;
  const std::int64_t parts = further * spacing_.parts;
  tolerance_ = {further * spacing_.micros + parts / count_, parts % count_};
}

RateLimiter::Exact RateLimiter::plus(Exact a, Exact b) const {
  const std::int64_t parts = a.parts + b.parts;
  return {a.micros + b.micros + parts / count_, parts % count_};
}

RateLimiter::Exact RateLimiter::minus(Exact a, Exact b) const {
  const bool borrows = a.parts < b.parts;
  return {a.micros - b.micros - (borrows ? 1 : 0), a.parts - b.parts + (borrows ? count_ : 0)};
}

// The first whole microsecond that is not earlier.
std::int64_t RateLimiter::whole_micros(Exact time) { return time.micros + (time.parts > 0 ? 1 : 0); }

std::optional<TimePoint> RateLimiter::take(TimePoint now) {
  if (count_ == 0) return std::nullopt;
  const Exact present{now.time_since_epoch().count(), 0};
  // No send leaves `next_` further ahead than this.
  const Exact furthest = plus(plus(present, tolerance_), spacing_);
  if (next_.micros > furthest.micros + kClockStepMicros) next_ = furthest;
  const Exact allowed_from = minus(next_, tolerance_);
  if (present.micros < whole_micros(allowed_from)) return TimePoint{Micros{whole_micros(allowed_from)}};
  // One who sends in the very microsecond that was allowed has not been idle: counting from `present` would lose the
  // parts.
  next_ = plus(present.micros > whole_micros(next_) ? present : next_, spacing_);
  return std::nullopt;
}

}  // namespace fairlead
