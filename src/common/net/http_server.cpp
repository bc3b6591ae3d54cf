#include "common/net/http_server.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/string.hpp>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "common/net/http_session.hpp"

namespace fairlead::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

}  // namespace

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (beast::iequals(beast::string_view(key.data(), key.size()), beast::string_view(name.data(), name.size())))
      return value;
  }
  return std::nullopt;
}

struct HttpServer::State : std::enable_shared_from_this<HttpServer::State> {
  using SessionPtr = std::shared_ptr<HttpSession>;

  State(asio::io_context& io, HttpServerOptions options, HttpHandler handler)
      : context(io),
        serving(std::make_shared<HttpServing>(std::move(options), std::move(handler))),
        acceptor(asio::make_strand(io)) {}

  asio::io_context& context;
  std::shared_ptr<HttpServing> serving;
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  mutable std::mutex mutex;  // guards what follows; never held over an await
  std::unordered_set<SessionPtr> sessions;
  std::unordered_map<std::string, std::size_t> by_address;

  Task<void> accept_loop();
  void serve(tcp::socket socket);
  bool enter(const SessionPtr& session, const std::string& address);
  void leave(const SessionPtr& session, const std::string& address);
};

// False: there are too many, or the server is draining. drain() sets its flag before it takes the mutex, so a session
// is either refused here or found there.
bool HttpServer::State::enter(const SessionPtr& session, const std::string& address) {
  const auto& options = serving->options;
  const std::lock_guard lock(mutex);
  if (serving->is_draining || sessions.size() >= options.connections_max) return false;
  auto& count = by_address[address];
  if (count >= options.connections_per_address_max) return false;
  ++count;
  sessions.insert(session);
  return true;
}

void HttpServer::State::leave(const SessionPtr& session, const std::string& address) {
  const std::lock_guard lock(mutex);
  sessions.erase(session);
  const auto found = by_address.find(address);
  if (--found->second == 0) by_address.erase(found);
}

void HttpServer::State::serve(tcp::socket socket) {
  boost::system::error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return;  // gone already
  socket.set_option(tcp::no_delay(true), error);
  const auto address = remote.address().to_string();
  auto session = std::make_shared<HttpSession>(std::move(socket), serving);
  if (!enter(session, address)) return;  // closes it
  asio::co_spawn(
      session->executor(), session->run(),
      [self = shared_from_this(), session, address](const std::exception_ptr&) { self->leave(session, address); });
}

Task<void> HttpServer::State::accept_loop() {
  while (true) {
    auto [error, socket] = co_await acceptor.async_accept(asio::make_strand(context), use_tuple);
    if (serving->is_draining) co_return;
    if (!error) {
      serve(std::move(socket));
      continue;
    }
    // Out of descriptors, usually: give connections time to end instead of spinning.
    spdlog::warn("accept_failed error={}", error.message());
    asio::steady_timer pause(acceptor.get_executor(), std::chrono::milliseconds(100));
    co_await pause.async_wait(use_tuple);
  }
}

HttpServer::HttpServer(asio::io_context& context, HttpServerOptions options, HttpHandler handler)
    : state_(std::make_shared<State>(context, std::move(options), std::move(handler))) {}
HttpServer::~HttpServer() { drain(); }

Result<void> HttpServer::start() {
  const auto& listen = state_->serving->options.listen;
  const std::string shown = listen.address + ":" + std::to_string(listen.port);
  boost::system::error_code error;
  const auto address = asio::ip::make_address(listen.address, error);
  if (error) return fail(Code::invalid, shown + " is no IP address and port");
  const tcp::endpoint endpoint(address, listen.port);
  state_->acceptor.open(endpoint.protocol(), error);
  if (!error) state_->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) state_->acceptor.bind(endpoint, error);
  if (!error) state_->acceptor.listen(4096, error);
  if (error) return fail(Code::unavailable, "cannot listen on " + shown + ": " + error.message());
  state_->port = state_->acceptor.local_endpoint(error).port();
  auto executor = state_->acceptor.get_executor();
  asio::co_spawn(executor, state_->accept_loop(), [self = state_](const std::exception_ptr&) {});
  return {};
}

std::uint16_t HttpServer::port() const { return state_->port; }

void HttpServer::drain() {
  if (state_->serving->is_draining.exchange(true)) return;
  asio::post(state_->acceptor.get_executor(), [self = state_] {
    boost::system::error_code ignored;
    self->acceptor.close(ignored);
  });
  const std::lock_guard lock(state_->mutex);
  for (const auto& session : state_->sessions) {
    asio::post(session->executor(), [session] { session->drain(); });
  }
}

std::size_t HttpServer::connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->sessions.size();
}

}  // namespace fairlead::net
