#include "common/net/http_client.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "common/net/client_exchange.hpp"

namespace fairlead::net {

namespace asio = boost::asio;

namespace {

struct NamedFailure {
  FailureClass failure;
  std::string_view name;
};

constexpr NamedFailure kFailures[] = {
    {FailureClass::none, "none"},
    {FailureClass::dns, "dns"},
    {FailureClass::address_refused, "address_refused"},
    {FailureClass::connect_refused, "connect_refused"},
    {FailureClass::connect_timeout, "connect_timeout"},
    {FailureClass::connect_failed, "connect_failed"},
    {FailureClass::tls_handshake, "tls_handshake"},
    {FailureClass::tls_certificate, "tls_certificate"},
    {FailureClass::write_failed, "write_failed"},
    {FailureClass::response_timeout, "response_timeout"},
    {FailureClass::connection_reset, "connection_reset"},
    {FailureClass::invalid_response, "invalid_response"},
    {FailureClass::http_status, "http_status"},
    {FailureClass::token_failed, "token_failed"},
    {FailureClass::unsendable, "unsendable"},
    {FailureClass::canceled, "canceled"},
    {FailureClass::internal, "internal"},
};

}  // namespace

std::string_view to_text(FailureClass failure) {
  for (const auto& each : kFailures) {
    if (each.failure == failure) return each.name;
  }
  return "internal";
}

FailureClass failure_class_from(std::string_view text) {
  for (const auto& each : kFailures) {
    if (each.name == text) return each.failure;
  }
  return FailureClass::internal;
}

struct HttpClient::State : ClientParts {
  using ClientParts::ClientParts;
  std::mutex mutex;  // guards under_way only
  std::unordered_map<ClientExchange*, std::weak_ptr<ClientExchange>> under_way;
};

HttpClient::HttpClient(asio::any_io_executor executor, Resolver& resolver, const AddressGuard& guard,
                       ClientOptions options)
    : state_(std::make_shared<State>(std::move(executor), resolver, guard, std::move(options))) {}

HttpClient::~HttpClient() {
  cancel_all();
  close_idle();
}

Task<ClientResponse> HttpClient::post(ClientRequest request) {
  // Not co_spawn with use_awaitable: that would hand the caller's cancellation to the exchange.
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(ClientResponse)>(
      [](auto handler, std::shared_ptr<State> state, ClientRequest asked) {
        auto exchange = std::make_shared<ClientExchange>(state, std::move(asked));
        {
          const std::lock_guard lock(state->mutex);
          state->under_way.emplace(exchange.get(), exchange);
        }
        auto executor = asio::get_associated_executor(handler);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        asio::co_spawn(
            exchange->strand(), exchange->run(),
            [state, exchange, shared, executor, guard = asio::make_work_guard(executor)](const std::exception_ptr&) {
              {
                const std::lock_guard lock(state->mutex);
                state->under_way.erase(exchange.get());
              }
              asio::post(executor, [exchange, shared] { std::move (*shared)(std::move(exchange->response)); });
            });
      },
      asio::use_awaitable, state_, std::move(request));
}

void HttpClient::cancel_all() {
  std::vector<std::shared_ptr<ClientExchange>> running;
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [key, exchange] : state_->under_way) {
      if (auto held = exchange.lock()) running.push_back(std::move(held));
    }
  }
  for (const auto& exchange : running) {
    asio::post(exchange->strand(),
               [exchange] { exchange->abort(FailureClass::canceled, "canceled by us before an answer came"); });
  }
}

void HttpClient::close_idle() { state_->pool->clear(); }

std::size_t HttpClient::idle_connections() const { return state_->pool->size(); }

}  // namespace fairlead::net
