// An HttpServer with its loop, for the tests of the incoming half: it echoes what it is asked unless told otherwise.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "common/core/clock.hpp"
#include "common/net/http_server.hpp"

namespace fairlead::test {

inline Task<net::HttpResponse> echo(std::shared_ptr<const net::HttpRequest> request) {
  if (request->path == "/throw") throw std::runtime_error("secret detail");
  net::HttpResponse response;
  response.content_type = "text/plain";
  response.body = request->method_text + " " + request->target + " " + request->body;
  if (request->path == "/close") response.close = true;
  if (request->path == "/empty") response = {.status = net::http::status::no_content};
  if (request->path == "/bad-header") response.headers.emplace_back("X-Bad", "a\r\nX-Injected: b");
  co_return response;
}

class Server {
 public:
  explicit Server(net::HttpServerOptions options = {}, net::HttpHandler handler = &echo, int threads = 2)
      : work_(boost::asio::make_work_guard(io_)) {
    options.listen = {.address = "127.0.0.1", .port = 0};
    server.emplace(io_, options, std::move(handler));
    if (const auto started = server->start(); !started) throw std::runtime_error(started.error().message);
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { io_.run(); });
  }
  ~Server() {
    server.reset();
    work_.reset();
    for (auto& thread : threads_) thread.join();  // every connection has ended
  }
  [[nodiscard]] std::uint16_t port() const { return server->port(); }
  // Waits until that many connections are left; false after five seconds.
  [[nodiscard]] bool comes_to(std::size_t connections) const {
    const auto until = Steady::now() + std::chrono::seconds(5);
    while (server->connections() != connections) {
      if (Steady::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }
  std::optional<net::HttpServer> server;

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
};

inline std::string request(std::string_view line, std::string_view headers = {}, std::string_view body = {}) {
  return std::string(line) + " HTTP/1.1\r\nHost: test\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

inline bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace fairlead::test
