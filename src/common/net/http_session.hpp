// One incoming connection: reads a request, strictly framed, calls the handler, writes its answer, again.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/clock.hpp"
#include "common/net/http_server.hpp"

namespace fairlead::net {

// What the sessions of a server share.
struct HttpServing {
  HttpServerOptions options;
  HttpHandler handler;
  std::atomic<bool> is_draining = false;
};

// Runs on the strand of its socket. Deadlines: one timer a connection, which looks from time to time whether the
// deadline of the step under way has passed, so that a request sets no timer; a late step's operation is cancelled, and
// the socket still serves to say so (408).
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  using tcp = boost::asio::ip::tcp;

  HttpSession(tcp::socket socket, std::shared_ptr<const HttpServing> serving);
  // Until the connection is closed; once.
  [[nodiscard]] Task<void> run();
  // On the strand: an idle connection ends now, a busy one after its answer (HttpServing::is_draining is set).
  void drain();
  // From any thread: since when the session has been waiting for its client; nothing while it is busy with a request.
  [[nodiscard]] std::optional<Steady::time_point> waiting_since() const;
  // From any thread: if it still waits since then, it ends without another word and never calls the handler again.
  [[nodiscard]] bool evict(Steady::time_point since);
  [[nodiscard]] const std::string& remote_address() const { return remote_address_; }
  [[nodiscard]] boost::asio::any_io_executor executor() { return socket_.get_executor(); }

 private:
  using ErrorCode = boost::system::error_code;
  enum class Filled { yes, late, closed };

  // A request's framing beside what the handler sees.
  struct Incoming {
    std::shared_ptr<HttpRequest> request = std::make_shared<HttpRequest>();
    std::optional<std::size_t> content_length;
    bool is_chunked = false;
    bool is_old = false;  // HTTP/1.0
    bool keeps_alive = false;
    bool expects_continue = false;
  };
  struct Outgoing {
    HttpResponse response;
    std::string request_id;
    bool keeps_alive = false;
    bool has_body = true;  // not for HEAD
  };

  // One request and its answer; false when the connection is to be closed.
  Task<bool> exchange();
  bool skip_empty_lines();  // true: there was one
  // The size of the header block that now begins the buffer; 0 if the connection is to be closed, without or with
  // `fault`.
  Task<std::size_t> read_header(std::optional<HttpResponse>& fault);
  bool take_body(Incoming& incoming);
  // False: answer with `fault` (or nothing), then close.
  Task<bool> read_body(Incoming& incoming, std::string header, std::optional<HttpResponse>& fault);
  Task<bool> read_counted(std::string& body, std::size_t length, std::optional<HttpResponse>& fault);
  Task<bool> read_chunked(std::string& body, std::string header, std::optional<HttpResponse>& fault);
  Task<Filled> fill(std::size_t bytes);
  Task<bool> write(Outgoing outgoing);
  Task<void> linger();

  [[nodiscard]] std::string_view received() const;
  [[nodiscard]] Incoming parse_header(std::string_view block) const;
  HttpResponse late(std::string_view what) const;
  HttpResponse too_large() const;
  // The client has that long for the step that begins now.
  void expect_within(Steady::duration time);
  [[nodiscard]] bool stop_waiting();  // false: evicted meanwhile
  bool mark_waiting(Steady::rep value);
  void arm();

  std::shared_ptr<const HttpServing> serving_;
  tcp::socket socket_;
  boost::asio::steady_timer timer_;
  Steady::duration tick_;
  Steady::time_point deadline_ = Steady::time_point::max();
  Steady::time_point armed_until_ = Steady::time_point::max();
  bool is_late_ = false;
  bool is_idle_ = true;
  bool is_over_ = false;
  // Steady's ticks since when the client is waited for; kBusy, or kEvicted for ever.
  static constexpr Steady::rep kBusy = 0, kEvicted = -1;
  std::atomic<Steady::rep> waiting_since_ = Steady::now().time_since_epoch().count();
  std::string remote_address_;
  std::string request_id_;  // of the request under way
  boost::beast::flat_buffer buffer_;
};

}  // namespace fairlead::net
