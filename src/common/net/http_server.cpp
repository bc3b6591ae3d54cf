#include "common/net/http_server.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <mutex>
#include <unordered_set>

#include "common/core/id.hpp"
#include "common/net/http_guard.hpp"
#include "common/net/problem.hpp"

namespace fairlead::net {
namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

std::string next_request_id() {
  thread_local IdMaker maker;
  return id_to_text(maker.next(wall_now()));
}

bool is_usable_request_id(std::string_view text) {
  if (text.empty() || text.size() > 128) return false;
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7f) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (beast::iequals(beast::string_view(key.data(), key.size()), beast::string_view(name.data(), name.size()))) return value;
  }
  return std::nullopt;
}

struct HttpServer::State : std::enable_shared_from_this<HttpServer::State> {
  State(asio::io_context& io, HttpServerOptions o, HttpHandler h)
      : context(io), options(std::move(o)), handler(std::move(h)), acceptor(asio::make_strand(io)) {}

  struct Session {
    explicit Session(tcp::socket socket) : stream(std::move(socket)) {}
    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    std::atomic<bool> is_idle = true;
  };
  using SessionPtr = std::shared_ptr<Session>;

  asio::io_context& context;
  HttpServerOptions options;
  HttpHandler handler;
  tcp::acceptor acceptor;
  std::uint16_t port = 0;
  std::atomic<bool> is_draining = false;
  mutable std::mutex mutex;  // guards sessions only; never held over an await
  std::unordered_set<SessionPtr> sessions;

  asio::awaitable<void> accept_loop();
  asio::awaitable<void> serve(SessionPtr session);
  asio::awaitable<bool> read_header(SessionPtr session, HttpResponse& fault, std::size_t& header_bytes);
  asio::awaitable<bool> write(SessionPtr session, HttpResponse response, std::string request_id, bool keep_alive);
  asio::awaitable<HttpResponse> call(std::shared_ptr<const HttpRequest> request);
  asio::awaitable<bool> exchange(SessionPtr session);
};

asio::awaitable<void> HttpServer::State::accept_loop() {
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(asio::make_strand(context), use_tuple);
    if (is_draining) co_return;
    if (error) {
      // Out of descriptors, usually: give connections time to end instead of spinning.
      spdlog::warn("accept_failed error={}", error.message());
      asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(100));
      co_await pause.async_wait(use_tuple);
      continue;
    }
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto session = std::make_shared<Session>(std::move(socket));
    {
      const std::lock_guard lock(mutex);
      if (sessions.size() >= options.connections_max) continue;  // closes it
      sessions.insert(session);
    }
    auto executor = session->stream.get_executor();
    asio::co_spawn(executor, serve(session), [self = shared_from_this(), session](const std::exception_ptr&) {
      const std::lock_guard lock(self->mutex);
      self->sessions.erase(session);
    });
  }
}

asio::awaitable<bool> HttpServer::State::read_header(SessionPtr session, HttpResponse& fault, std::size_t& header_bytes) {
  auto& [stream, buffer, is_idle] = *session;
  if (buffer.size() == 0) {
    is_idle = true;
    stream.expires_after(options.idle_timeout);
    auto [error, count] = co_await stream.async_read_some(buffer.prepare(4096), use_tuple);
    if (error) co_return false;
    buffer.commit(count);
    is_idle = false;
  }
  stream.expires_after(options.header_timeout);
  std::size_t seen = 0;
  for (;;) {
    const std::string_view data(static_cast<const char*>(buffer.data().data()), buffer.size());
    // Whatever ends a header block for some parser ends it here; the guard then refuses bare LF.
    const auto end = data.find("\n\r\n", seen), bare = data.find("\n\n", seen);
    if (end != std::string_view::npos || bare != std::string_view::npos) {
      header_bytes = std::min(end == std::string_view::npos ? end : end + 3, bare == std::string_view::npos ? bare : bare + 2);
      break;
    }
    if (data.size() >= options.header_bytes_max) {
      header_bytes = options.header_bytes_max + 1;
      break;
    }
    seen = data.size() > 3 ? data.size() - 3 : 0;
    auto [error, count] = co_await stream.async_read_some(buffer.prepare(8192), use_tuple);
    if (error == beast::error::timeout) {
      fault = http_problem(http::status::request_timeout, "request_timeout", "the headers did not arrive in time", next_request_id());
      co_return true;
    }
    if (error) co_return false;
    buffer.commit(count);
  }
  if (header_bytes > options.header_bytes_max) {
    fault = http_problem(http::status::request_header_fields_too_large, "headers_too_large", "the headers are too large", next_request_id());
    co_return true;
  }
  const std::string_view block(static_cast<const char*>(buffer.data().data()), header_bytes);
  if (const auto* found = find_header_fault(block, {options.header_count_max, options.target_bytes_max})) {
    fault = http_problem(found->status, found->code, found->message, next_request_id());
  }
  co_return true;
}

asio::awaitable<bool> HttpServer::State::write(SessionPtr session, HttpResponse response, std::string request_id, bool keep_alive) {
  http::response<http::string_body> message{response.status, 11};
  message.body() = std::move(response.body);
  if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.set("X-Request-ID", request_id);
  message.set("X-Content-Type-Options", "nosniff");
  message.keep_alive(keep_alive);
  message.prepare_payload();
  session->stream.expires_after(options.body_timeout);
  auto [error, count] = co_await http::async_write(session->stream, message, use_tuple);
  co_return !error;
}

asio::awaitable<HttpResponse> HttpServer::State::call(std::shared_ptr<const HttpRequest> request) {
  try {
    co_return co_await handler(request);
  } catch (const std::exception& error) {
    spdlog::error("request_failed request={} error={}", request->request_id, error.what());
  }
  co_return problem(Error{Code::internal, ""}, request->request_id);
}

// One request and its answer; false when the connection is to be closed.
asio::awaitable<bool> HttpServer::State::exchange(SessionPtr session) {
  HttpResponse fault;
  fault.status = http::status::unknown;
  std::size_t header_bytes = 0;
  if (!co_await read_header(session, fault, header_bytes)) co_return false;
  if (fault.status != http::status::unknown) {
    co_await write(session, std::move(fault), next_request_id(), false);
    co_return false;
  }
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(options.header_bytes_max + 1024));
  parser.body_limit(options.body_bytes_max);
  auto [header_error, header_count] = co_await http::async_read_header(session->stream, session->buffer, parser, use_tuple);
  const auto& message = parser.get();
  auto request = std::make_shared<HttpRequest>();
  if (const auto found = message.find("X-Request-Id"); found != message.end() &&
      is_usable_request_id({found->value().data(), found->value().size()})) {
    request->request_id = std::string(found->value());
  } else {
    request->request_id = next_request_id();
  }
  bool is_too_large = header_error == http::error::body_limit;
  if (header_error && !is_too_large) {
    co_await write(session, http_problem(http::status::bad_request, "malformed_request", "the request is malformed", request->request_id),
                   request->request_id, false);
    co_return false;
  }
  if (!is_too_large && !parser.is_done()) {
    if (const auto length = parser.content_length(); length && *length > options.body_bytes_max) is_too_large = true;
    if (!is_too_large && beast::iequals(message[http::field::expect], "100-continue")) {
      http::response<http::empty_body> go_on{http::status::continue_, 11};
      co_await http::async_write(session->stream, go_on, use_tuple);
    }
    if (!is_too_large) {
      session->stream.expires_after(options.body_timeout);
      auto [body_error, body_count] = co_await http::async_read(session->stream, session->buffer, parser, use_tuple);
      if (body_error == http::error::body_limit) {
        is_too_large = true;
      } else if (body_error == beast::error::timeout) {
        co_await write(session, http_problem(http::status::request_timeout, "request_timeout", "the body did not arrive in time",
                                             request->request_id), request->request_id, false);
        co_return false;
      } else if (body_error) {
        if (body_error != http::error::partial_message && body_error != http::error::end_of_stream) {
          co_await write(session, http_problem(http::status::bad_request, "malformed_body", "the body's framing is malformed",
                                               request->request_id), request->request_id, false);
        }
        co_return false;
      }
    }
  }
  if (is_too_large) {
    co_await write(session, http_problem(http::status::payload_too_large, "payload_too_large",
                                         "the body is larger than " + std::to_string(options.body_bytes_max) + " bytes",
                                         request->request_id), request->request_id, false);
    co_return false;
  }
  const bool keep_alive = message.keep_alive();
  auto received = parser.release();
  request->method = received.method();
  request->method_text = std::string(received.method_string());
  request->target = std::string(received.target());
  const auto question = request->target.find('?');
  request->path = request->target.substr(0, question);
  if (question != std::string::npos) request->query = request->target.substr(question + 1);
  for (const auto& field : received) request->headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  request->body = std::move(received.body());
  boost::system::error_code ignored;
  request->remote_address = session->stream.socket().remote_endpoint(ignored).address().to_string();
  session->stream.expires_never();
  auto response = co_await call(request);
  const bool stay = keep_alive && !response.close && !is_draining;
  co_return co_await write(session, std::move(response), request->request_id, stay) && stay;
}

asio::awaitable<void> HttpServer::State::serve(SessionPtr session) {
  while (co_await exchange(session)) {
    if (is_draining) break;
  }
  boost::system::error_code ignored;
  session->stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  // Unread bytes would turn the close into a reset that can swallow the answer: take a bounded rest.
  session->stream.expires_after(std::chrono::seconds(2));
  for (int round = 0; round < 64; ++round) {
    session->buffer.clear();
    auto [error, count] = co_await session->stream.async_read_some(session->buffer.prepare(16384), use_tuple);
    if (error) break;
  }
  session->stream.close();
}

HttpServer::HttpServer(asio::io_context& context, HttpServerOptions options, HttpHandler handler)
    : state_(std::make_shared<State>(context, std::move(options), std::move(handler))) {}
HttpServer::~HttpServer() { drain(); }

Result<void> HttpServer::start() {
  const auto& listen = state_->options.listen;
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
  if (state_->is_draining.exchange(true)) return;
  asio::post(state_->acceptor.get_executor(), [self = state_] {
    boost::system::error_code ignored;
    self->acceptor.close(ignored);
  });
  const std::lock_guard lock(state_->mutex);
  for (const auto& session : state_->sessions) {
    asio::post(session->stream.get_executor(), [session] {
      if (session->is_idle) session->stream.cancel();
    });
  }
}

std::size_t HttpServer::connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->sessions.size();
}

}  // namespace fairlead::net
