// How fast one endpoint may be sent to, or one project may send: GCRA (the generic cell rate algorithm), in whole
// numbers, so that the rate over any long time is exact.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "common/core/clock.hpp"

namespace fairlead {

// `count` per `window`, evenly spread, with a burst of at most `burst` (at least one; a tenth of `count` unless it is
// said). Not thread-safe.
class RateLimiter {
 public:
  // count 0 (or a window of 0): unlimited.
  RateLimiter(int count, std::chrono::seconds window, std::optional<int> burst = {});
  // Nothing: a send is allowed now, and is spent. Else the time from which one will be allowed, and nothing is spent.
  // A clock that was set back blocks for one spacing at most.
  [[nodiscard]] std::optional<TimePoint> take(TimePoint now);

 private:
  // A time or span in microseconds and count-ths of one.
  struct Exact {
    std::int64_t micros = 0;
    std::int64_t parts = 0;  // 0 <= parts < count_
  };
  [[nodiscard]] Exact plus(Exact a, Exact b) const;
  [[nodiscard]] Exact minus(Exact a, Exact b) const;
  [[nodiscard]] static std::int64_t whole_micros(Exact time);

  std::int64_t count_;
  Exact spacing_;    // window / count
  Exact tolerance_;  // (burst - 1) * spacing
  Exact next_;       // when the next send would be due, were they evenly spread ("theoretical arrival time")
};

}  // namespace fairlead
