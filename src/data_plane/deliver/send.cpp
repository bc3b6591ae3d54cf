#include "data_plane/deliver/send.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/use_awaitable.hpp>
#include <random>

#include "common/ops/fault_point.hpp"
#include "data_plane/deliver/outgoing.hpp"

namespace fairlead::deliver {
namespace {

double random_jitter() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

net::ClientResponse refused(const Error& error) {
  net::ClientResponse response;
  response.failure = error.reason == "unsendable" ? net::FailureClass::unsendable : net::FailureClass::internal;
  response.error = error.message;
  return response;
}

Result<net::ClientRequest> request_for(const SendJob& job, TimePoint now, std::string authorization) {
  return make_request(
      {.delivery = job.row.delivery, .event = job.row.event, .now = now, .authorization = std::move(authorization)},
      *job.content, job.project->settings, *job.endpoint);
}

// With an access token. A kept one that the endpoint refuses is replaced and the request repeated, once: not if the
// delivery is to be sent at most once. All of it within the endpoint's timeout.
Task<net::ClientResponse> ask_with_token(net::HttpClient& client, Tokens& tokens, const SendJob& job,
                                         DatabaseClock clock) {
  const auto deadline = Steady::now() + job.endpoint->timeout;
  net::ClientResponse response;
  for (int round = 1; round <= 2; ++round) {
    auto token = co_await tokens.get(job.row.endpoint, job.endpoint->oauth, deadline);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Steady::now());
    if (token.authorization.empty() || left.count() < 1) {
      const bool is_canceled = token.failure == net::FailureClass::canceled;
      response = {.failure = is_canceled ? token.failure : net::FailureClass::token_failed,
                  .error = token.error.empty() ? "the endpoint's timeout passed before a token came" : token.error,
                  .request_headers = std::move(response.request_headers)};
      co_return response;
    }
    auto made = request_for(job, clock(), token.authorization);
    if (!made) {
      auto headers = std::move(response.request_headers);
      response = refused(made.error());
      response.request_headers = std::move(headers);
      co_return response;
    }
    made->timeout = left;
    made->is_fresh = job.is_at_most_once;
    response = co_await client.post(*std::move(made));
    if (response.status != 401 || !token.was_kept) co_return response;
    tokens.refuse(job.row.endpoint, std::move(token.authorization));
    if (job.is_at_most_once) co_return response;
  }
  co_return response;
}

}  // namespace

Task<Sent> send(net::HttpClient& client, Tokens& tokens, std::shared_ptr<const SendJob> shared, DatabaseClock clock) {
  const SendJob& job = *shared;
  const int attempt = (job.row.attempt < 0 ? -job.row.attempt : job.row.attempt + 1);
  const TimePoint requested_at = clock();
  net::ClientResponse response;
  if (job.endpoint->is_unreadable) {
    response = refused({.message = "the endpoint's secrets cannot be opened with this master key"});
  } else if (job.endpoint->oauth) {
    fault_point(FaultPoint::delivery_before_send);
    response = co_await ask_with_token(client, tokens, job, clock);
    fault_point(FaultPoint::delivery_after_send);
  } else if (auto made = request_for(job, requested_at, {}); !made) {
    response = refused(made.error());
  } else {
    made->is_fresh = job.is_at_most_once;  // a request on a kept connection may be repeated
    fault_point(FaultPoint::delivery_before_send);
    response = co_await client.post(*std::move(made));
    fault_point(FaultPoint::delivery_after_send);
  }
  const TimePoint responded_at = clock();
  const Verdict verdict = judge_answer(response, {.policy = job.policy,
                                                  .attempt = attempt - job.row.attempts_before,
                                                  .is_at_most_once = job.is_at_most_once,
                                                  .now = responded_at,
                                                  .jitter = random_jitter()});
  if (spdlog::should_log(spdlog::level::debug)) {
    spdlog::debug("delivery_attempted delivery={} endpoint={} attempt={} failure={} status={} took_us={}",
                  to_text(job.row.delivery), to_text(job.row.endpoint), attempt, net::to_text(response.failure),
                  response.status, response.phases.total);
  }
  Sent sent;
  sent.failure = response.failure;
  sent.hold_until = verdict.hold_until;
  sent.is_gone = verdict.is_gone;
  sent.result = {.row = job.row,
                 .status = verdict.status,
                 .next_due = verdict.next_due,
                 .attempts = attempt,
                 .reason = verdict.reason,
                 .attempt = make_attempt(url_as_sent(*job.content, *job.endpoint), *job.endpoint, std::move(response),
                                         requested_at, responded_at)};
  co_return sent;
}

}  // namespace fairlead::deliver
