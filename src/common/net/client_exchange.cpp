#include "common/net/client_exchange.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/string.hpp>

#include "common/core/header_text.hpp"

namespace fairlead::net {

namespace asio = boost::asio;

namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kAddressesMax = 8;
constexpr std::size_t kReadBytes = 8 * 1024;
constexpr std::size_t kFrameBytes = 128;  // of a head beside its target, host and headers
// A body up to this size is copied behind the head: one buffer, one TLS record, one system call.
constexpr std::size_t kJoinedBytesMax = 8 * 1024;
// How long an answer waits for the end of its request's write, so that the connection can be used again.
constexpr std::chrono::milliseconds kWriteGrace{20};

// A connection that was opened with a certificate serves only requests with that one.
std::string pool_key(const ClientRequest& request) {
  const auto& url = request.url;
  std::string key = (url.tls ? "s" : "p") + url.host + "|" + std::to_string(url.port);
  if (url.tls && request.certificate) key += "|" + request.certificate->identity;
  return key;
}

// The client frames the message, and the connection is its own (RFC 9110 §7.6.1).
bool is_own_header(std::string_view name) {
  constexpr std::string_view kOwn[] = {"host",       "content-length", "transfer-encoding", "connection",
                                       "keep-alive", "upgrade",        "proxy-connection",  "te",
                                       "trailer",    "expect"};
  return std::ranges::any_of(kOwn, [name](std::string_view own) {
    return own.size() == name.size() && boost::beast::iequals({own.data(), own.size()}, {name.data(), name.size()});
  });
}

bool is_out_of_resources(const boost::system::error_code& error) {
  namespace errc = boost::system::errc;
  return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
         error == errc::not_enough_memory || error == errc::no_buffer_space;
}

FailureClass connect_failure(const boost::system::error_code& error) {
  if (error == asio::error::connection_refused) return FailureClass::connect_refused;
  if (error == asio::error::timed_out) return FailureClass::connect_timeout;
  return is_out_of_resources(error) ? FailureClass::internal : FailureClass::connect_failed;
}

bool is_certificate_alert(const boost::system::error_code& error) {
  if (error.category() != asio::error::get_ssl_category()) return false;
  switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

bool is_end(const boost::system::error_code& error) {
  return error == asio::error::eof || error == asio::ssl::error::stream_truncated;
}

}  // namespace

ClientParts::ClientParts(asio::any_io_executor e, Resolver& r, const AddressGuard& g, ClientOptions o)
    : executor(std::move(e)),
      resolver(r),
      guard(g),
      options(std::move(o)),
      tls(options.ca_file),
      pool(std::make_shared<ClientPool>(executor, ClientPoolOptions{.idle_per_host_max = options.idle_per_host_max,
                                                                    .idle_max = options.idle_max,
                                                                    .idle_timeout = options.idle_timeout})) {}

ClientExchange::ClientExchange(std::shared_ptr<ClientParts> parts, ClientRequest request)
    : parts_(std::move(parts)),
      request_(std::move(request)),
      deadline_(started_ + request_.timeout),
      pool_key_(pool_key(request_)),
      connection_(request_.is_fresh ? nullptr : parts_->pool->take(pool_key_)),
      strand_(connection_ ? connection_->strand() : make_serial(parts_->executor)),
      timer_(strand_),
      wake_(strand_, Steady::time_point::max()),
      is_reused_(connection_ != nullptr) {}

Task<void> ClientExchange::run() {
  try {
    auto head = make_head();
    if (head) {
      head_ = *std::move(head);
      arm(deadline_);
      // A pooled connection that turns out closed before anything of an answer came is replaced once.
      while (connection_ || co_await open()) {
        if (co_await converse()) break;
        connection_->close();
        connection_.reset();
        is_reused_ = false;
      }
    } else {
      fail_with(FailureClass::internal, head.error().message);
    }
  } catch (const std::exception& error) {
    fail_with(FailureClass::internal, error.what());
  }
  if (aborted_) fail_with(*aborted_, abort_error_);
  phase_ = Phase::over;
  timer_.cancel();
  if (connection_) connection_->close();
  response.request_headers = std::move(request_.headers);
  response.phases.total = elapsed();
}

void ClientExchange::abort(FailureClass failure, std::string error) {
  if (phase_ == Phase::over || aborted_) return;
  aborted_ = failure;
  abort_error_ = std::move(error);
  wake_.expires_at(Steady::time_point::min());
  if (connection_) connection_->close();
}

void ClientExchange::fail_with(FailureClass failure, std::string error) {
  response.failure = failure;
  response.error = std::move(error);
}

std::int64_t ClientExchange::elapsed() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - started_).count();
}

void ClientExchange::arm(Steady::time_point until) {
  armed_until_ = until;
  timer_.expires_at(until);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error && self->phase_ != Phase::over && Steady::now() >= self->armed_until_) self->on_timer();
  });
}

void ClientExchange::on_timer() {
  const std::string within = " within " + std::to_string(request_.timeout.count()) + " ms";
  if (Steady::now() < deadline_) {  // the end of one attempt to connect
    is_attempt_late_ = true;
    if (connection_) connection_->close();
    return;
  }
  switch (phase_) {
    case Phase::start:
    case Phase::dns:
      return abort(FailureClass::dns, "the name was not resolved" + within);
    case Phase::connect:
      return abort(FailureClass::connect_timeout, "not connected" + within);
    case Phase::tls:
      return abort(FailureClass::tls_handshake, "the TLS handshake was not done" + within);
    case Phase::exchange:
      return abort(FailureClass::response_timeout, "no complete answer" + within);
    case Phase::over:
      return;
  }
}

Result<std::string> ClientExchange::make_head() const {
  const auto& url = request_.url;
  if (!is_header_value(url.target) || url.target.find(' ') != std::string::npos || !url.target.starts_with('/') ||
      !is_header_value(url.host)) {
    return fail(Code::internal, "the request target or host holds characters that cannot be sent");
  }
  const std::size_t length = request_.body ? request_.body->size() : 0;
  std::size_t bytes = kFrameBytes + url.target.size() + url.host.size() + (is_joined() ? length : 0);
  for (const auto& [name, value] : request_.headers) bytes += name.size() + value.size() + 4;
  std::string head;
  head.reserve(bytes);
  head.append("POST ").append(url.target).append(" HTTP/1.1\r\nHost: ").append(url.host_header()).append("\r\n");
  for (const auto& [name, value] : request_.headers) {
    if (!is_token(name) || !is_header_value(value)) {
      return fail(Code::internal,
                  "a header holds characters that cannot be sent (line breaks, control characters, a bad name)");
    }
    if (!is_own_header(name)) head.append(name).append(": ").append(value).append("\r\n");
  }
  head.append("Content-Length: ").append(std::to_string(length)).append("\r\n\r\n");
  if (length > 0 && is_joined()) head += *request_.body;
  return head;
}

Task<bool> ClientExchange::open() {
  if (aborted_ || !co_await find_addresses() || !co_await connect()) co_return false;
  if (request_.url.tls && !co_await start_tls()) co_return false;
  co_return true;
}

Task<bool> ClientExchange::find_addresses() {
  const auto& url = request_.url;
  phase_ = Phase::dns;
  std::vector<asio::ip::address> found;
  if (url.host_is_address) {
    found.push_back(asio::ip::make_address(url.host));
  } else {
    parts_->resolver.resolve(url.host, [self = shared_from_this()](const Resolver::Answer& answer) {
      asio::post(self->strand_, [self, answer] {
        self->resolved_ = answer;
        self->wake_.expires_at(Steady::time_point::min());
      });
    });
    while (!resolved_ && !aborted_) co_await wake_.async_wait(use_tuple);
    if (aborted_) co_return false;
    response.phases.dns = elapsed();
    if (!*resolved_) {
      fail_with(FailureClass::dns, resolved_->error().message);
      co_return false;
    }
    found = **resolved_;
  }
  Result<void> verdict;
  addresses_.clear();
  for (const auto& address : found) {
    const auto judged = parts_->guard.check_dial(address, url.port);
    if (!judged) {
      verdict = judged;
    } else if (addresses_.size() < kAddressesMax) {
      addresses_.push_back(address);
    }
  }
  if (!addresses_.empty()) co_return true;
  fail_with(FailureClass::address_refused, verdict ? "no address" : verdict.error().message);
  co_return false;
}

Task<bool> ClientExchange::connect() {
  phase_ = Phase::connect;
  for (std::size_t tried = 0; tried < addresses_.size(); ++tried) {
    const auto now = Steady::now();
    is_attempt_late_ = false;
    arm(now + (deadline_ - now) / static_cast<std::int64_t>(addresses_.size() - tried));
    connection_ = std::make_shared<ClientConnection>(strand_);
    auto error = co_await connection_->connect({addresses_[tried], request_.url.port});
    response.address = connection_->address();
    if (aborted_) co_return false;
    if (is_attempt_late_) error = asio::error::timed_out;
    if (!error) {
      response.phases.connect = elapsed();
      arm(deadline_);
      co_return true;
    }
    connection_->close();
    fail_with(connect_failure(error), "cannot connect to " + connection_->address() + ": " + error.message());
  }
  co_return false;
}

Task<bool> ClientExchange::start_tls() {
  phase_ = Phase::tls;
  const auto& url = request_.url;
  const auto error =
      co_await connection_->handshake(parts_->tls, url.host, url.host_is_address, pool_key_, request_.certificate);
  if (aborted_) co_return false;
  if (!error) {
    response.phases.tls = elapsed();
    co_return true;
  }
  if (const auto reason = connection_->certificate_error(); !reason.empty()) {
    fail_with(FailureClass::tls_certificate, "the certificate of " + url.host + " does not verify: " + reason);
  } else {
    fail_with(FailureClass::tls_handshake, "the TLS handshake failed: " + error.message());
  }
  co_return false;
}

// Goes on beside the reading.
void ClientExchange::start_write(const std::shared_ptr<Writing>& writing) {
  const ClientConnection::Buffers buffers{asio::buffer(head_), asio::buffer(*request_.body)};
  connection_->write(buffers, [self = shared_from_this(), connection = connection_, writing](
                                  boost::system::error_code error, std::size_t) {
    writing->is_done = true;
    writing->error = error;
    self->wake_.cancel();
  });
}

bool ClientExchange::is_joined() const { return !request_.body || request_.body->size() <= kJoinedBytesMax; }

Task<void> ClientExchange::wait_for_write(const Writing& writing, Steady::time_point until) {
  while (!writing.is_done && !aborted_ && Steady::now() < until) {
    wake_.expires_at(until);
    co_await wake_.async_wait(use_tuple);
  }
}

// A large request is written while the answer is read: a peer may answer before it has read the request, and may never
// read the rest of it.
Task<bool> ClientExchange::converse() {
  phase_ = Phase::exchange;
  if (aborted_) co_return true;
  response.reused = is_reused_;
  response.address = connection_->address();
  const auto writing = std::make_shared<Writing>();
  if (is_joined()) {  // fits into the socket's buffer: written at once
    const auto [error, count] = co_await connection_->write(asio::buffer(head_));
    *writing = {.is_done = true, .error = error};
  } else {
    start_write(writing);
  }
  ResponseReader reader(
      {.header_bytes_max = parts_->options.header_bytes_max, .body_bytes_max = parts_->options.response_bytes_max});
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kReadBytes);
  while (true) {
    const auto [error, count] = co_await connection_->read_some(asio::buffer(buffer_.get(), kReadBytes));
    if (aborted_) {
      reader.move_to(response);
      co_return true;
    }
    if (count > 0 && response.phases.first_byte < 0) response.phases.first_byte = elapsed();
    auto step = reader.feed(std::string_view(buffer_.get(), count));
    if (step == ResponseReader::Step::more && error) {
      step = is_end(error) ? reader.at_end() : ResponseReader::Step::more;
      if (step == ResponseReader::Step::more) co_return fail_read(reader, *writing, error);
    }
    if (step == ResponseReader::Step::more) continue;
    if (step == ResponseReader::Step::broken) {
      reader.move_to(response);
      fail_with(FailureClass::invalid_response, reader.error());
      co_return true;
    }
    const bool is_reusable = !error && reader.is_reusable();
    if (is_reusable) co_await wait_for_write(*writing, std::min(deadline_, Steady::now() + kWriteGrace));
    finish(reader, is_reusable && writing->is_done && !writing->error && !aborted_);
    co_return true;
  }
}

void ClientExchange::finish(ResponseReader& reader, bool is_reusable) {
  reader.move_to(response);
  fail_with(FailureClass::none, {});
  if (response.status / 100 != 2) {
    fail_with(FailureClass::http_status, "the answer's status is " + std::to_string(response.status));
  }
  if (!is_reusable) return;
  parts_->pool->park(pool_key_, std::move(connection_));
  connection_.reset();
}

// The connection ended before the answer did. Gives false if the exchange is to be repeated.
bool ClientExchange::fail_read(ResponseReader& reader, const Writing& writing, boost::system::error_code error) {
  if (!reader.is_begun() && is_reused_) return false;
  const bool is_unsent = !writing.is_done || writing.error;
  reader.move_to(response);
  if (reader.is_begun() || !is_unsent) {
    // Under TLS 1.3 a peer that refuses our certificate says so only once the handshake is over for us.
    if (!reader.is_begun() && is_certificate_alert(error)) {
      fail_with(FailureClass::tls_handshake, "the server refused the client certificate: " + error.message());
      return true;
    }
    fail_with(FailureClass::connection_reset, "the connection ended before the answer was complete" +
                                                  (is_end(error) ? std::string() : ": " + error.message()));
  } else {
    fail_with(FailureClass::write_failed,
              "the connection ended while the request was sent: " + (writing.error ? writing.error : error).message());
  }
  return true;
}

}  // namespace fairlead::net
