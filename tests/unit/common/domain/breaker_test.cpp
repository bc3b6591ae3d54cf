#include "common/domain/breaker.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};
constexpr int kFull = 64;

void record_many(Breaker& breaker, int count, bool success, TimePoint now) {
  for (int index = 0; index < count; ++index) breaker.record(success, now);
}

Breaker make_open(TimePoint now) {
  Breaker breaker{BreakerPolicy{}};
  record_many(breaker, 10, false, now);
  return breaker;
}

// Goal: it opens at the tenth failure in a row, not before. Method: nine, a success, nine, ten.
TEST(Breaker, OpensOnFailuresInARow) {
  Breaker breaker{BreakerPolicy{.failure_percent = 101}};
  record_many(breaker, 9, false, kStart);
  breaker.record(true, kStart);
  record_many(breaker, 9, false, kStart);
  EXPECT_EQ(breaker.state(kStart), BreakerState::closed);
  EXPECT_EQ(breaker.allowed(kStart, kFull), kFull);
  EXPECT_FALSE(breaker.open_until());
  breaker.record(false, kStart);
  EXPECT_EQ(breaker.state(kStart), BreakerState::open);
  EXPECT_EQ(breaker.allowed(kStart, kFull), 0);
  EXPECT_EQ(breaker.open_until(), kStart + 30s);
}

// Goal: it opens on the share of failures once there are enough results. Method: 3 successes, then 7 failures: 70 % of
// ten.
TEST(Breaker, OpensOnTheShareOfFailures) {
  Breaker breaker{BreakerPolicy{}};
  record_many(breaker, 3, true, kStart);
  record_many(breaker, 6, false, kStart);
  EXPECT_EQ(breaker.state(kStart), BreakerState::closed);
  breaker.record(false, kStart);
  EXPECT_EQ(breaker.state(kStart), BreakerState::open);

  Breaker healthier{BreakerPolicy{}};
  record_many(healthier, 4, true, kStart);
  record_many(healthier, 9, false, kStart);  // 9 of 13 is 69 %
  EXPECT_EQ(healthier.state(kStart), BreakerState::closed);
}

// Goal: old results leave the window. Method: failures interleaved over time; those beyond five minutes do not count.
TEST(Breaker, ForgetsWhatIsOld) {
  Breaker breaker{BreakerPolicy{.consecutive_failures = 1000}};
  record_many(breaker, 9, false, kStart);
  breaker.record(false, kStart + 331s);
  EXPECT_EQ(breaker.state(kStart + 331s), BreakerState::closed);
  record_many(breaker, 8, false, kStart + 500s);
  EXPECT_EQ(breaker.state(kStart + 500s), BreakerState::closed);
  breaker.record(false, kStart + 600s);
  EXPECT_EQ(breaker.state(kStart + 600s), BreakerState::open);
}

// Goal: half-open lets one through, each success doubles, five close it, and the ramp goes on to full. Method: step by
// step.
TEST(Breaker, ComesBackGently) {
  Breaker breaker = make_open(kStart);
  EXPECT_EQ(breaker.allowed(kStart + 30s - 1us, kFull), 0);
  const TimePoint later = kStart + 30s;
  EXPECT_EQ(breaker.state(later), BreakerState::half_open);
  for (const int allowed : {1, 2, 4, 8, 16}) {
    EXPECT_EQ(breaker.state(later), BreakerState::half_open);
    EXPECT_EQ(breaker.allowed(later, kFull), allowed);
    EXPECT_EQ(breaker.allowed(later, 3), std::min(allowed, 3));
    breaker.record(true, later);
  }
  EXPECT_EQ(breaker.state(later), BreakerState::closed);
  EXPECT_FALSE(breaker.open_until());
  EXPECT_EQ(breaker.allowed(later, kFull), 32);
  breaker.record(true, later);
  EXPECT_EQ(breaker.allowed(later, kFull), kFull);
  record_many(breaker, 100, true, later);
  EXPECT_EQ(breaker.allowed(later, 1 << 30), 1 << 30);
}

// Goal: a failure while half-open opens again, each time for twice as long, at most five minutes; closing resets that.
// Method: fail every probe, then recover, then open anew.
TEST(Breaker, ReopensForLonger) {
  Breaker breaker = make_open(kStart);
  TimePoint now = kStart;
  for (const std::chrono::seconds wait : {30s, 60s, 120s, 240s, 300s, 300s}) {
    EXPECT_EQ(breaker.open_until(), now + wait);
    now += wait;
    breaker.record(true, now);
    breaker.record(false, now);
    EXPECT_EQ(breaker.state(now), BreakerState::open);
    EXPECT_EQ(breaker.allowed(now, kFull), 0);
  }
  now += 300s;
  EXPECT_EQ(breaker.allowed(now, kFull), 1);  // the allowance begins anew as well
  record_many(breaker, 5, true, now);
  ASSERT_EQ(breaker.state(now), BreakerState::closed);
  record_many(breaker, 9, false, now);
  EXPECT_EQ(breaker.state(now), BreakerState::closed);  // what was counted before is forgotten
  breaker.record(false, now);
  EXPECT_EQ(breaker.open_until(), now + 30s);
}

// Goal: the failures that opened it are no reason to open it again after it closed. Method: close it within the window
// in which they were counted, then one failure.
TEST(Breaker, ForgetsWhyItOpened) {
  Breaker breaker = make_open(kStart);
  record_many(breaker, 5, true, kStart + 30s);
  ASSERT_EQ(breaker.state(kStart + 30s), BreakerState::closed);
  breaker.record(false, kStart + 30s);
  EXPECT_EQ(breaker.state(kStart + 30s), BreakerState::closed);
}

// Goal: results of requests that were in flight when it opened change nothing. Method: both kinds while open.
TEST(Breaker, IgnoresStragglers) {
  Breaker breaker = make_open(kStart);
  record_many(breaker, 20, true, kStart + 10s);
  record_many(breaker, 20, false, kStart + 20s);
  EXPECT_EQ(breaker.open_until(), kStart + 30s);
  EXPECT_EQ(breaker.allowed(kStart + 30s, kFull), 1);
}

// Goal: a new owner goes on where the last one was. Method: open until a future and a past time.
TEST(Breaker, RestoresAfterAHandover) {
  Breaker breaker{BreakerPolicy{}};
  breaker.restore_open(kStart + 40s);
  EXPECT_EQ(breaker.allowed(kStart, kFull), 0);
  EXPECT_EQ(breaker.open_until(), kStart + 40s);
  EXPECT_EQ(breaker.allowed(kStart + 40s, kFull), 1);
  breaker.record(false, kStart + 40s);
  EXPECT_EQ(breaker.open_until(), kStart + 100s);

  Breaker past{BreakerPolicy{}};
  past.restore_open(kStart - 1s);
  EXPECT_EQ(past.state(kStart), BreakerState::half_open);
  EXPECT_EQ(past.allowed(kStart, kFull), 1);
}

// Goal: a resumed endpoint ramps up without having been open, and an open breaker stays open. Method: both.
TEST(Breaker, RampsUp) {
  Breaker breaker{BreakerPolicy{}};
  breaker.ramp_up(kStart);
  EXPECT_EQ(breaker.state(kStart), BreakerState::closed);
  EXPECT_EQ(breaker.allowed(kStart, kFull), 1);
  breaker.record(true, kStart);
  breaker.record(false, kStart);
  EXPECT_EQ(breaker.allowed(kStart, kFull), 2);
  record_many(breaker, 5, true, kStart);
  EXPECT_EQ(breaker.allowed(kStart, kFull), kFull);

  Breaker open = make_open(kStart);
  open.ramp_up(kStart);
  EXPECT_EQ(open.allowed(kStart, kFull), 0);
}

}  // namespace
}  // namespace fairlead
