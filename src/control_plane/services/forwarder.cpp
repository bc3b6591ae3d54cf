#include "control_plane/services/forwarder.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "control_plane/services/header_rules.hpp"

namespace fairlead::control {
namespace {

constexpr std::chrono::seconds kTimeout{30};
constexpr std::size_t kAnswerBytesMax = 1024 * 1024;  // a batch has a thousand answers
constexpr std::array kPassedOn = {"Authorization", "Content-Type", "Idempotency-Key", "traceparent", "tracestate"};
constexpr std::array kOurs = {"X-Request-ID", "Accept-Encoding", "Expect"};
constexpr std::array kPassedBack = {"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"};

net::AddressGuard guard_without_rules() { return net::AddressGuard::from_allowed({"0.0.0.0/0", "::/0"}).value(); }

net::HttpResponse to_response(net::ClientResponse answer) {
  net::HttpResponse response{.status = static_cast<net::http::status>(answer.status), .body = std::move(answer.body)};
  for (const auto& [name, value] : answer.headers) {
    if (equals_ignoring_case(name, "Content-Type")) response.content_type = value;
    for (const char* passed : kPassedBack) {
      if (equals_ignoring_case(name, passed)) response.headers.emplace_back(passed, value);
    }
  }
  return response;
}

}  // namespace

Forwarder::Forwarder(boost::asio::any_io_executor executor, net::Url base)
    : base_(std::move(base)),
      guard_(guard_without_rules()),
      resolver_(std::make_unique<net::Resolver>(executor, net::ResolverOptions{})),
      client_(std::make_unique<net::HttpClient>(executor, *resolver_, guard_,
                                                net::ClientOptions{.response_bytes_max = kAnswerBytesMax})) {
  if (base_.target.ends_with('/')) base_.target.pop_back();
}

Forwarder::~Forwarder() { stop(); }

Task<Result<net::HttpResponse>> Forwarder::forward(std::shared_ptr<const net::HttpRequest> http) {
  net::HeaderList headers;
  for (const char* name : kPassedOn) {
    if (const auto value = http->header(name)) headers.emplace_back(name, std::string(*value));
  }
  co_return co_await send(std::move(http), std::move(headers));
}

Task<Result<net::HttpResponse>> Forwarder::forward_all(std::shared_ptr<const net::HttpRequest> http) {
  net::HeaderList headers;
  for (const auto& [name, value] : http->headers) {
    const bool is_ours = std::ranges::any_of(kOurs, [&](const char* ours) { return equals_ignoring_case(name, ours); });
    if (!is_ours) headers.emplace_back(name, value);
  }
  co_return co_await send(std::move(http), std::move(headers));
}

Task<Result<net::HttpResponse>> Forwarder::send(std::shared_ptr<const net::HttpRequest> http, net::HeaderList headers) {
  net::ClientRequest request{.url = base_,
                             .headers = std::move(headers),
                             .body = std::make_shared<const std::string>(http->body),
                             .timeout = kTimeout};
  request.url.target += http->target;
  request.headers.emplace_back("X-Request-ID", http->request_id);
  auto answer = co_await client_->post(std::move(request));
  const bool has_answer = answer.failure == net::FailureClass::none || answer.failure == net::FailureClass::http_status;
  if (has_answer && answer.status >= 200 && !answer.body_truncated) co_return to_response(std::move(answer));
  spdlog::warn("forward_failed request={} failure={} error={}", http->request_id, net::to_text(answer.failure),
               answer.error);
  co_return fail(Error{Code::unavailable, "no data plane answered; try again with the same idempotency key",
                       "data_plane_unavailable"});
}

void Forwarder::stop() {
  client_->cancel_all();
  client_->close_idle();
  resolver_->stop();
}

}  // namespace fairlead::control
