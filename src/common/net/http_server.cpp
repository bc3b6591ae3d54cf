#include "common/net/http_server.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/string.hpp>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "common/net/http_session.hpp"
#include "common/net/serial.hpp"

namespace fairlead::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kEvictedShare = 64;  // of the connections allowed, one in so many is closed at once
constexpr std::chrono::milliseconds kSearchPause{100};

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
        acceptor(make_serial(io.get_executor())) {}

  // Of one client address. After a search that found nobody to evict, the next one waits a little.
  struct Address {
    std::size_t count = 0;
    Steady::time_point search_again_at{};
  };

  asio::io_context& context;
  std::shared_ptr<HttpServing> serving;
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  mutable std::mutex mutex;  // guards what follows; never held over an await
  std::unordered_set<SessionPtr> sessions;
  std::unordered_map<std::string, Address> by_address;
  Steady::time_point search_again_at{};

  Task<void> accept_loop();
  void serve(tcp::socket socket);
  bool enter(const SessionPtr& session);
  void leave(const SessionPtr& session);
  void relieve();
  // With the mutex held.
  bool make_room(Steady::time_point& again_at, std::size_t connections_max, const std::string* address);
  void forget(const SessionPtr& session);
};

// False: there are too many, or the server is draining. drain() sets its flag before it takes the mutex, so a session
// is either refused here or found there.
bool HttpServer::State::enter(const SessionPtr& session) {
  const auto& options = serving->options;
  const std::lock_guard lock(mutex);
  if (serving->is_draining) return false;
  const auto& address = session->remote_address();
  if (const auto found = by_address.find(address);
      found != by_address.end() && found->second.count >= options.connections_per_address_max &&
      !make_room(found->second.search_again_at, options.connections_per_address_max, &address)) {
    return false;
  }
  if (sessions.size() >= options.connections_max && !make_room(search_again_at, options.connections_max, nullptr)) {
    return false;
  }
  ++by_address[address].count;
  sessions.insert(session);
  return true;
}

// Closes those that have waited for their client the longest, a few at once, because a search looks at all: slow
// clients cannot lock others out. `address`: only among that one's. False: nobody has waited for long.
bool HttpServer::State::make_room(Steady::time_point& again_at, std::size_t connections_max,
                                  const std::string* address) {
  using Waiting = std::pair<Steady::time_point, SessionPtr>;
  const auto now = Steady::now();
  if (now < again_at) return false;
  std::vector<Waiting> waiting;
  for (const auto& session : sessions) {
    if (address != nullptr && session->remote_address() != *address) continue;
    const auto since = session->waiting_since();
    if (since && now - *since >= serving->options.eviction_age) waiting.emplace_back(*since, session);
  }
  const auto count = std::min(waiting.size(), connections_max / kEvictedShare + 1);
  const auto last = waiting.begin() + static_cast<std::ptrdiff_t>(count);
  std::ranges::nth_element(waiting, last, {}, &Waiting::first);
  std::size_t evicted = 0;
  for (auto each = waiting.begin(); each != last; ++each) {
    if (!each->second->evict(each->first)) continue;
    forget(each->second);
    ++evicted;
  }
  if (evicted == 0) again_at = now + kSearchPause;
  spdlog::warn("connections_crowded address={} connections_max={} evicted={}", address != nullptr ? *address : "any",
               connections_max, evicted);
  return evicted > 0;
}

void HttpServer::State::forget(const SessionPtr& session) {
  if (sessions.erase(session) == 0) return;  // evicted before
  const auto found = by_address.find(session->remote_address());
  if (--found->second.count == 0) by_address.erase(found);
}

void HttpServer::State::leave(const SessionPtr& session) {
  const std::lock_guard lock(mutex);
  forget(session);
}

void HttpServer::State::serve(tcp::socket socket) {
  boost::system::error_code error;
  static_cast<void>(socket.remote_endpoint(error));
  if (error) return;  // gone already
  socket.set_option(tcp::no_delay(true), error);
  auto session = std::make_shared<HttpSession>(std::move(socket), serving);
  if (!enter(session)) return;  // closes it
  asio::co_spawn(session->executor(), session->run(),
                 [self = shared_from_this(), session](const std::exception_ptr&) { self->leave(session); });
}

void HttpServer::State::relieve() {
  const std::lock_guard lock(mutex);
  static_cast<void>(make_room(search_again_at, sessions.size(), nullptr));
}

Task<void> HttpServer::State::accept_loop() {
  while (true) {
    auto [error, socket] = co_await acceptor.async_accept(make_serial(context.get_executor()), use_tuple);
    if (serving->is_draining) co_return;
    if (!error) {
      serve(std::move(socket));
      continue;
    }
    // Out of descriptors, usually: make room, and give connections time to end instead of spinning.
    spdlog::warn("accept_failed error={}", error.message());
    relieve();
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
