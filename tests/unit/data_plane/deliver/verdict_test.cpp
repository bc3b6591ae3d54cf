#include "data_plane/deliver/verdict.hpp"

#include <gtest/gtest.h>

namespace fairlead::deliver {
namespace {

using net::FailureClass;
using namespace std::chrono_literals;

const TimePoint kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};

net::ClientResponse answer(int status, net::HeaderList headers = {}) {
  net::ClientResponse response;
  response.status = status;
  response.failure = status >= 200 && status < 300 ? FailureClass::none : FailureClass::http_status;
  response.headers = std::move(headers);
  return response;
}

net::ClientResponse failure(FailureClass failure) {
  net::ClientResponse response;
  response.failure = failure;
  return response;
}

Trial trial(int attempt = 1, int attempts_max = 3) {
  return {.policy = {.kind = RetryKind::linear, .interval = 10s, .attempts_max = attempts_max},
          .attempt = attempt,
          .is_at_most_once = false,
          .now = kNow,
          .jitter = 0};
}

// Goal: 2xx alone is success. Method: the borders, a redirect and the usual failures.
TEST(JudgeAnswer, TakesTwoHundredsOnly) {
  for (const int status : {200, 204, 299})
    EXPECT_EQ(judge_answer(answer(status), trial()).status, DeliveryStatus::success) << status;
  for (const int status : {199, 300, 302, 400, 401, 404, 410, 429, 500, 503}) {
    const auto verdict = judge_answer(answer(status), trial());
    EXPECT_EQ(verdict.status, DeliveryStatus::retry) << status;
    EXPECT_EQ(verdict.next_due, kNow + 10s) << status;
    EXPECT_NE(verdict.reason.find(std::to_string(status)), std::string::npos);
  }
}

// Goal: the last attempt ends it, with words. Method: attempts up to the policy's maximum.
TEST(JudgeAnswer, EndsWhenThePolicyIsSpent) {
  EXPECT_EQ(judge_answer(answer(500), trial(2)).status, DeliveryStatus::retry);
  const auto last = judge_answer(answer(500), trial(3));
  EXPECT_EQ(last.status, DeliveryStatus::failure);
  EXPECT_FALSE(last.next_due);
  EXPECT_TRUE(last.reason.starts_with("Retry limit exceeded")) << last.reason;
}

// Goal: Retry-After holds the endpoint and moves the retry, on 429 and 503 only. Method: one wait longer and one
// shorter than the schedule's.
TEST(JudgeAnswer, HonoursRetryAfter) {
  const auto longer = judge_answer(answer(429, {{"Retry-After", "60"}}), trial());
  EXPECT_EQ(longer.hold_until, kNow + 60s);
  EXPECT_EQ(longer.next_due, kNow + 60s);
  const auto shorter = judge_answer(answer(503, {{"retry-after", "2"}}), trial());
  EXPECT_EQ(shorter.hold_until, kNow + 2s);
  EXPECT_EQ(shorter.next_due, kNow + 10s);
  EXPECT_FALSE(judge_answer(answer(500, {{"Retry-After", "60"}}), trial()).hold_until);
}

// Goal: 410 is told apart. Method: 410 and its neighbour.
TEST(JudgeAnswer, SeesThatTheEndpointIsGone) {
  EXPECT_TRUE(judge_answer(answer(410), trial()).is_gone);
  EXPECT_FALSE(judge_answer(answer(404), trial()).is_gone);
}

// Goal: at most once tries again only what cannot have been received. Method: failures before and after the request was
// written.
TEST(JudgeAnswer, KeepsAtMostOnce) {
  auto once = trial();
  once.is_at_most_once = true;
  for (const auto kind : {FailureClass::dns, FailureClass::connect_refused, FailureClass::tls_certificate}) {
    EXPECT_EQ(judge_answer(failure(kind), once).status, DeliveryStatus::retry) << net::to_text(kind);
  }
  for (const auto kind : {FailureClass::response_timeout, FailureClass::connection_reset, FailureClass::write_failed}) {
    EXPECT_EQ(judge_answer(failure(kind), once).status, DeliveryStatus::failure) << net::to_text(kind);
  }
  EXPECT_EQ(judge_answer(answer(500), once).status, DeliveryStatus::failure);
}

// Goal: seconds and HTTP dates within bounds; nonsense is nothing. Method: a table around fixed time.
TEST(ParseRetryAfter, ReadsSecondsAndDates) {
  EXPECT_EQ(parse_retry_after("120", kNow), kNow + 120s);
  EXPECT_EQ(parse_retry_after("0", kNow), kNow + 1s);
  EXPECT_EQ(parse_retry_after("999999999999999999999", kNow), kNow + 1h);
  EXPECT_EQ(parse_retry_after("Fri, 02 Jan 2026 00:02:00 GMT", kNow), kNow + 120s);
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 2026 00:00:00 GMT", kNow), kNow + 1s);
  for (const char* nonsense : {"", "-5", "soon", "1.5", "12 s"})
    EXPECT_FALSE(parse_retry_after(nonsense, kNow)) << nonsense;
}

// Goal: what can never be sent is not tried again; what failed for want of a token is, also at most once. Method: both.
TEST(JudgeAnswer, TellsUnsendableFromUnauthorised) {
  const auto unsendable = judge_answer(failure(FailureClass::unsendable), trial());
  EXPECT_EQ(unsendable.status, DeliveryStatus::failure);
  EXPECT_EQ(unsendable.reason, "unsendable");
  auto once = trial();
  once.is_at_most_once = true;
  EXPECT_EQ(judge_answer(failure(FailureClass::token_failed), once).status, DeliveryStatus::retry);
}

}  // namespace
}  // namespace fairlead::deliver
