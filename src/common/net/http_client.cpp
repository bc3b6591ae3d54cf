#include "common/net/http_client.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <unordered_set>
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
  std::unordered_set<std::shared_ptr<ClientExchange>> under_way;

  // While it lives, cancel_all() finds the exchange.
  class Entry {
   public:
    Entry(std::shared_ptr<State> state, std::shared_ptr<ClientExchange> exchange)
        : state_(std::move(state)), exchange_(std::move(exchange)) {
      const std::lock_guard lock(state_->mutex);
      state_->under_way.insert(exchange_);
    }
    ~Entry() {
      const std::lock_guard lock(state_->mutex);
      state_->under_way.erase(exchange_);
    }
    Entry(const Entry&) = delete;

   private:
    std::shared_ptr<State> state_;
    std::shared_ptr<ClientExchange> exchange_;
  };
};

namespace {

// On its own strand, which is another than the caller's. Not co_spawn with use_awaitable: that would hand the caller's
// cancellation to the exchange.
Task<void> run_elsewhere(std::shared_ptr<ClientExchange> exchange) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [](auto handler, std::shared_ptr<ClientExchange> asked) {
        auto executor = asio::get_associated_executor(handler);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        asio::co_spawn(asked->strand(), asked->run(),
                       [asked, shared, executor, guard = asio::make_work_guard(executor)](const std::exception_ptr&) {
                         asio::post(executor, [shared] { std::move (*shared)(); });
                       });
      },
      asio::use_awaitable, std::move(exchange));
}

}  // namespace

HttpClient::HttpClient(asio::any_io_executor executor, Resolver& resolver, const AddressGuard& guard,
                       ClientOptions options)
    : state_(std::make_shared<State>(std::move(executor), resolver, guard, std::move(options))) {}

HttpClient::~HttpClient() {
  cancel_all();
  close_idle();
}

Task<ClientResponse> HttpClient::post(ClientRequest request) {
  const auto exchange = std::make_shared<ClientExchange>(state_, std::move(request));
  const State::Entry entry(state_, exchange);
  // Without a strand the caller is where the exchange has to be.
  if (exchange->strand() == co_await asio::this_coro::executor)
    co_await exchange->run();
  else
    co_await run_elsewhere(exchange);
  co_return std::move(exchange->response);
}

void HttpClient::cancel_all() {
  std::vector<std::shared_ptr<ClientExchange>> running;
  {
    const std::lock_guard lock(state_->mutex);
    running.assign(state_->under_way.begin(), state_->under_way.end());
  }
  for (const auto& exchange : running) {
    asio::post(exchange->strand(),
               [exchange] { exchange->abort(FailureClass::canceled, "canceled by us before an answer came"); });
  }
}

void HttpClient::close_idle() { state_->pool->clear(); }

std::size_t HttpClient::idle_connections() const { return state_->pool->size(); }

}  // namespace fairlead::net
