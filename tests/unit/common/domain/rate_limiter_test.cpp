#include "common/domain/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};

// How many sends are allowed at this very moment.
int take_all(RateLimiter& limiter, TimePoint now) {
  int taken = 0;
  while (!limiter.take(now)) ++taken;
  return taken;
}

// The times of sends by one who always waits exactly as long as told.
std::vector<TimePoint> send_times(RateLimiter& limiter, std::size_t count) {
  std::vector<TimePoint> times;
  for (TimePoint now = kStart; times.size() < count;) {
    if (const auto later = limiter.take(now)) {
      EXPECT_GT(*later, now);
      now = *later;
    } else {
      times.push_back(now);
    }
  }
  return times;
}

// Goal: a burst is a tenth of the count, at least one. Method: everything at one moment.
TEST(RateLimiter, BurstIsATenth) {
  const std::pair<int, int> cases[] = {{1, 1}, {9, 1}, {10, 1}, {19, 1}, {20, 2}, {100, 10}, {1005, 100}};
  for (const auto& [count, burst] : cases) {
    RateLimiter limiter(count, 60s);
    EXPECT_EQ(take_all(limiter, kStart), burst) << count;
    EXPECT_EQ(take_all(limiter, kStart + 24h), burst) << count;
  }
}

// Goal: a burst of its own. Method: the whole count at once, then evenly.
TEST(RateLimiter, TakesAnotherBurst) {
  RateLimiter limiter(40, 10s, 40);
  EXPECT_EQ(take_all(limiter, kStart), 40);
  EXPECT_EQ(limiter.take(kStart), kStart + 250ms);
}

// Goal: the answer is the first moment that is allowed, and asking spends nothing. Method: 4 a second.
TEST(RateLimiter, SaysWhen) {
  RateLimiter limiter(4, 1s);
  EXPECT_FALSE(limiter.take(kStart));
  for (int asked = 0; asked < 5; ++asked) EXPECT_EQ(limiter.take(kStart + 1ms), kStart + 250ms);
  EXPECT_EQ(limiter.take(kStart + 250ms - 1us), kStart + 250ms);
  EXPECT_FALSE(limiter.take(kStart + 250ms));
  EXPECT_EQ(limiter.take(kStart + 250ms), kStart + 500ms);
}

// Goal: the rate is exact over a long time, also where window / count is no whole number of microseconds. Method: send
// as told; every send after the burst comes at its exact time, rounded up to the microsecond.
TEST(RateLimiter, NeverDrifts) {
  for (const auto& [count, window] :
       std::vector<std::pair<int, std::chrono::seconds>>{{3, 1s}, {7, 1s}, {70, 1s}, {999, 7s}, {1, 3s}}) {
    RateLimiter limiter(count, window);
    constexpr int windows = 300;
    const std::int64_t burst = std::max(count / 10, 1), window_micros = Micros{window}.count();
    const auto times = send_times(limiter, static_cast<std::size_t>(windows * count + burst));
    for (std::int64_t index = burst; index < std::ssize(times); ++index) {
      const Micros exact{((index - burst + 1) * window_micros + count - 1) / count};
      ASSERT_EQ(times[static_cast<std::size_t>(index)] - kStart, exact) << count << " send " << index;
    }
    EXPECT_EQ(times.back(), kStart + windows * window) << count;
  }
}

// Goal: no window holds more than count and burst. Method: every window that begins at a send, sends as told.
TEST(RateLimiter, BoundsEveryWindow) {
  RateLimiter limiter(30, 1s);
  const auto times = send_times(limiter, 500);
  for (std::size_t first = 0; first + 33 < times.size(); ++first)
    EXPECT_GE(times[first + 33] - times[first], 1s) << first;
}

// Goal: idle time is not saved up. Method: a day's rest, then one window as fast as allowed.
TEST(RateLimiter, SavesNothingUp) {
  RateLimiter limiter(100, 1s);
  static_cast<void>(take_all(limiter, kStart));
  int taken = 0;
  for (auto now = kStart + 24h; now < kStart + 24h + 1s; now += 1ms) taken += take_all(limiter, now);
  EXPECT_LE(taken, 110);
  EXPECT_GE(taken, 100);
}

// Goal: 0 is no limit. Method: many at once.
TEST(RateLimiter, ZeroIsUnlimited) {
  RateLimiter none(0, 1s), no_window(5, 0s);
  for (int send = 0; send < 10000; ++send) {
    ASSERT_FALSE(none.take(kStart));
    ASSERT_FALSE(no_window.take(kStart));
  }
}

// Goal: a clock set back blocks for one spacing at most, and gives no second burst. Method: an hour back.
TEST(RateLimiter, SurvivesAClockSetBack) {
  RateLimiter limiter(20, 1s);
  EXPECT_EQ(take_all(limiter, kStart + 1h), 2);
  EXPECT_EQ(limiter.take(kStart), kStart + 50ms);
  EXPECT_EQ(take_all(limiter, kStart + 50ms), 1);
}

// Goal: large counts and windows do not overflow. Method: the greatest int over a day.
TEST(RateLimiter, SurvivesExtremes) {
  RateLimiter fast(2147483647, 24h), slow(1, 8760h);
  for (int send = 0; send < 1000; ++send) ASSERT_FALSE(fast.take(kStart));
  EXPECT_FALSE(slow.take(kStart));
  EXPECT_EQ(slow.take(kStart), kStart + 8760h);
}

}  // namespace
}  // namespace fairlead
