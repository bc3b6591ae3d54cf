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

net::ClientResponse refused(std::string why) {
  net::ClientResponse response;
  response.failure = net::FailureClass::internal;
  response.error = std::move(why);
  return response;
}

}  // namespace

Task<Sent> send(net::HttpClient& client, SendJob job, DatabaseClock clock) {
  const int attempt = (job.row.attempt < 0 ? -job.row.attempt : job.row.attempt + 1);
  const TimePoint requested_at = clock();
  net::ClientRequest request;
  net::ClientResponse response;
  auto made = make_request({.delivery = job.row.delivery, .event = job.row.event, .now = requested_at}, *job.content,
                           job.project->settings, *job.endpoint);
  if (job.endpoint->is_unreadable) {
    response = refused("the endpoint's secrets cannot be opened with this master key");
  } else if (!made) {
    response = refused(made.error().message);
  } else {
    request = std::move(*made);
    request.is_fresh = job.is_at_most_once;  // a request on a kept connection may be repeated
    fault_point(FaultPoint::delivery_before_send);
    response = co_await client.post(request);
    fault_point(FaultPoint::delivery_after_send);
  }
  const TimePoint responded_at = clock();
  const Verdict verdict = judge_answer(response, {.policy = job.policy,
                                                  .attempt = attempt,
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
                 .attempt = make_attempt(std::move(request), job.endpoint->url, *job.endpoint, std::move(response),
                                         requested_at, responded_at)};
  co_return sent;
}

}  // namespace fairlead::deliver
