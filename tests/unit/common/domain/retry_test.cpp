#include "common/domain/retry.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};

std::optional<Micros> wait(const RetryPolicy& policy, int attempt, double jitter) {
  const auto at = next_attempt_at(policy, attempt, kNow, jitter);
  return at ? std::optional<Micros>(*at - kNow) : std::nullopt;
}

// Goal: the default schedule's waits, and its end after ten attempts. Method: fixed time; jitter in the middle adds
// nothing.
TEST(NextAttempt, FollowsTheSchedule) {
  const std::chrono::seconds expected[] = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
  for (int attempt = 1; attempt <= 9; ++attempt) EXPECT_EQ(wait({}, attempt, 0.5), expected[attempt - 1]) << attempt;
  EXPECT_FALSE(wait({}, 10, 0.5));
  EXPECT_FALSE(wait({}, 11, 0.5));
}

// Goal: jitter spreads by a fifth both ways. Method: both ends.
TEST(NextAttempt, SpreadsTheSchedule) {
  EXPECT_EQ(wait({}, 2, 0.0), Micros{240s});
  EXPECT_NEAR(static_cast<double>(wait({}, 2, 0.999999999)->count()), 360e6, 2.0);
}

// Goal: a longer policy repeats the last wait. Method: fifteen attempts.
TEST(NextAttempt, RepeatsTheLastWait) {
  const RetryPolicy policy{.attempts_max = 15};
  EXPECT_EQ(wait(policy, 14, 0.5), Micros{24h});
  EXPECT_FALSE(wait(policy, 15, 0.5));
}

// Goal: linear waits the interval, without jitter. Method: first and last attempt.
TEST(NextAttempt, LinearIsConstant) {
  const RetryPolicy policy{.kind = RetryKind::linear, .interval = 100s, .attempts_max = 3};
  EXPECT_EQ(wait(policy, 1, 0.9), Micros{100s});
  EXPECT_EQ(wait(policy, 2, 0.0), Micros{100s});
  EXPECT_FALSE(wait(policy, 3, 0.0));
}

// Goal: the wait doubles, is capped, and ends. Method: fixed time and no jitter.
TEST(NextAttempt, ExponentialDoublesThenCapsThenStops) {
  const RetryPolicy policy{.kind = RetryKind::exponential, .interval = 10s, .interval_max = 60s, .attempts_max = 6};
  const std::chrono::seconds expected[] = {10s, 20s, 40s, 60s, 60s};
  for (int attempt = 1; attempt <= 5; ++attempt) EXPECT_EQ(wait(policy, attempt, 0), expected[attempt - 1]) << attempt;
  EXPECT_FALSE(wait(policy, 6, 0));
  EXPECT_EQ(wait(policy, 5, 0.5), Micros{60s + 2500ms});
}

// Goal: no policy can overflow or send at once by accident of arithmetic. Method: extreme values.
TEST(NextAttempt, SurvivesExtremes) {
  constexpr auto most = std::chrono::seconds{std::numeric_limits<std::int64_t>::max()};
  constexpr int many = std::numeric_limits<int>::max();
  for (const RetryKind kind : {RetryKind::schedule, RetryKind::linear, RetryKind::exponential}) {
    const RetryPolicy policy{.kind = kind, .interval = most, .interval_max = most, .attempts_max = many};
    for (const int attempt : {1, 70, many - 1}) {
      ASSERT_TRUE(wait(policy, attempt, 0.5));
      EXPECT_GT(*wait(policy, attempt, 0.5), Micros{0}) << attempt;
    }
  }
  EXPECT_EQ(wait({.kind = RetryKind::exponential, .interval = 0s, .attempts_max = many}, many - 1, 0), Micros{0});
  EXPECT_FALSE(wait({.attempts_max = 1}, 1, 0));
  EXPECT_FALSE(wait({.attempts_max = 0}, 1, 0));
}

}  // namespace
}  // namespace fairlead
