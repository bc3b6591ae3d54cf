// HTTP/1.1 server: strict about framing, bounded in everything, one coroutine a connection (http_session.hpp).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/result.hpp"
#include "common/ops/settings.hpp"
#include "common/ops/task.hpp"

namespace fairlead::net {

namespace http = boost::beast::http;

struct HttpRequest {
  http::verb method = http::verb::unknown;
  std::string method_text;
  std::string target;                                        // as sent
  std::string path;                                          // before "?", not decoded
  std::string query;                                         // after "?"
  std::vector<std::pair<std::string, std::string>> headers;  // without trailers
  std::string body;
  std::string remote_address;
  std::string request_id;  // the client's X-Request-Id if it is 1..128 visible ASCII characters, else generated

  // The first header of that name (case-insensitive), or nothing.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

struct HttpResponse {
  http::status status = http::status::ok;
  std::string body = {};
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool close = false;
};

// Runs on the connection's strand. What it throws becomes a 500 in the envelope.
using HttpHandler = std::function<Task<HttpResponse>(std::shared_ptr<const HttpRequest>)>;

struct HttpServerOptions {
  Listen listen;
  std::size_t header_bytes_max = 32 * 1024;
  std::size_t header_count_max = 100;
  std::size_t target_bytes_max = 8 * 1024;
  std::size_t body_bytes_max = 2 * 1024 * 1024;
  std::chrono::seconds header_timeout{15};
  std::chrono::seconds body_timeout{30};
  std::chrono::seconds idle_timeout{75};
  // Full, the connections that have waited for their client the longest (idle, slow to send or to read) are closed to
  // make room, if they have waited that long; else newcomers are closed at once.
  std::size_t connections_max = 8192;
  std::size_t connections_per_address_max = 4096;  // of one client address; full, it makes room among its own
  std::chrono::milliseconds eviction_age{1000};
};

class HttpServer {
 public:
  HttpServer(boost::asio::io_context& context, HttpServerOptions options, HttpHandler handler);
  ~HttpServer();
  // Binds and starts accepting. Code::unavailable with the address in the message if it cannot.
  [[nodiscard]] Result<void> start();
  [[nodiscard]] std::uint16_t port() const;  // the bound port (useful with port 0)
  // Stops accepting; connections answer the request under way with "Connection: close", idle ones are closed.
  void drain();
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::net
