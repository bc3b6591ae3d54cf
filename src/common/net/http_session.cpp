#include "common/net/http_session.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>
#include <charconv>

#include "common/core/header_text.hpp"
#include "common/core/id.hpp"
#include "common/net/http_guard.hpp"
#include "common/net/problem.hpp"

namespace fairlead::net {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 8 * 1024;
constexpr std::size_t kBodyReadBytes = 64 * 1024;
// Beside a header block, the buffer holds one read of a body, and bounds a chunk's line.
constexpr std::size_t kBufferExtraBytes = kBodyReadBytes + kReadBytes;
constexpr std::size_t kBufferKeptBytes = 16 * 1024;
constexpr std::size_t kJoinedBytesMax = 16 * 1024;  // a body up to here is copied behind its head: one buffer to write
constexpr std::chrono::seconds kLinger{2};
constexpr int kLingerReads = 64;

std::string next_request_id() {
  thread_local IdMaker maker;
  return id_to_text(maker.next(wall_now()));
}

bool is_usable_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool equals(std::string_view a, std::string_view b) {
  return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Whether a comma separated list such as Connection's holds `token`.
bool has_token(std::string_view list, std::string_view token) {
  while (true) {
    const auto comma = list.find(',');
    if (equals(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  const auto begin = static_cast<std::ptrdiff_t>(out.size());
  out += value;
  // What would break out of the line becomes a space.
  if (!is_header_value(value)) {
    std::replace_if(out.begin() + begin, out.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  }
  out += "\r\n";
}

// A status without a body on the wire: RFC 9110 §15.2, 15.3.5, 15.4.5.
bool is_bodyless(unsigned status) { return status / 100 == 1 || status == 204 || status == 304; }

}  // namespace

HttpSession::HttpSession(tcp::socket socket, std::shared_ptr<const HttpServing> serving)
    : serving_(std::move(serving)),
      socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      buffer_(serving_->options.header_bytes_max + kBufferExtraBytes) {
  const auto& options = serving_->options;
  tick_ = std::min<Steady::duration>({options.header_timeout, options.body_timeout, options.idle_timeout});
  ErrorCode error;
  const auto remote = socket_.remote_endpoint(error);
  if (!error) remote_address_ = remote.address().to_string();
}

void HttpSession::arm() {
  armed_until_ = std::min(deadline_, Steady::now() + tick_);
  timer_.expires_at(armed_until_);
  timer_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (error || self->is_over_) return;
    if (Steady::now() >= self->deadline_) {
      // Cancelling between two operations is lost, so it is repeated until the session has noticed.
      self->deadline_ = Steady::now() + kLinger;
      self->is_late_ = true;
      ErrorCode ignored;
      self->socket_.cancel(ignored);
    }
    self->arm();
  });
}

void HttpSession::drain() {
  ErrorCode ignored;
  if (is_idle_) socket_.cancel(ignored);
}

std::string_view HttpSession::received() const {
  return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
}

Task<HttpSession::Filled> HttpSession::fill(std::size_t bytes) {
  if (is_late_) co_return Filled::late;
  const auto room = std::min(bytes, buffer_.max_size() - buffer_.size());
  const auto [error, count] = co_await socket_.async_read_some(buffer_.prepare(room), use_tuple);
  buffer_.commit(count);
  if (is_late_) co_return Filled::late;
  co_return error ? Filled::closed : Filled::yes;
}

Task<void> HttpSession::run() {
  try {
    while (co_await exchange() && !serving_->is_draining) {
    }
  } catch (const std::exception& error) {
    spdlog::error("connection_failed request={} error={}", request_id_, error.what());
  }
  co_await linger();
  is_over_ = true;
  timer_.cancel();
}

// Unread bytes would turn the close into a reset that can swallow the answer: a bounded rest is taken.
Task<void> HttpSession::linger() {
  ErrorCode ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  expect_within(kLinger);
  for (int reads = 0; reads < kLingerReads; ++reads) {
    buffer_.clear();
    if (co_await fill(kBodyReadBytes) != Filled::yes) break;
  }
  socket_.close(ignored);
}

Task<bool> HttpSession::exchange() {
  std::optional<HttpResponse> fault;
  request_id_.clear();
  const std::size_t header_bytes = co_await read_header(fault);
  Incoming incoming;
  if (header_bytes > 0 && !fault) {
    const auto block = received().substr(0, header_bytes);
    incoming = parse_header(block);
    request_id_ = incoming.request->request_id;
    std::string kept = incoming.is_chunked ? std::string(block) : std::string();
    buffer_.consume(header_bytes);
    if (take_body(incoming) || co_await read_body(incoming, std::move(kept), fault)) {
      if (!stop_waiting()) co_return false;
      const bool has_body = incoming.request->method != http::verb::head;
      HttpResponse response;
      try {
        response = co_await serving_->handler(incoming.request);
      } catch (const std::exception& error) {
        spdlog::error("request_failed request={} error={}", request_id_, error.what());
        response = problem(Error{Code::internal, ""}, request_id_);
      }
      const bool stays = incoming.keeps_alive && !response.close && !serving_->is_draining;
      co_return co_await write({std::move(response), request_id_, stays, has_body}) && stays;
    }
  }
  if (fault) co_await write({*std::move(fault), request_id_, false});
  co_return false;
}

// Empty lines before a request are skipped (RFC 9112 §2.2), also those that arrive by themselves.
bool HttpSession::skip_empty_lines() {
  const auto before = buffer_.size();
  while (received().starts_with("\r\n")) buffer_.consume(2);
  return buffer_.size() != before;
}

Task<std::size_t> HttpSession::read_header(std::optional<HttpResponse>& fault) {
  const auto& options = serving_->options;
  skip_empty_lines();
  if (buffer_.size() == 0) {
    if (serving_->is_draining) co_return 0;
    if (buffer_.capacity() > kBufferKeptBytes) buffer_.shrink_to_fit();
    is_idle_ = true;
    expect_within(options.idle_timeout);
    if (co_await fill(kReadBytes) != Filled::yes) co_return 0;
    is_idle_ = false;
  }
  expect_within(options.header_timeout);
  for (std::size_t seen = 0; true;) {
    if (skip_empty_lines()) seen = 0;
    const auto data = received();
    // Whatever ends a header block for some parser ends it here; the guard then refuses bare LF.
    const auto end = data.find("\n\r\n", seen), bare = data.find("\n\n", seen);
    const auto size =
        std::min(end == std::string_view::npos ? end : end + 3, bare == std::string_view::npos ? bare : bare + 2);
    if (std::min(size, data.size()) > options.header_bytes_max) {
      request_id_ = next_request_id();
      fault = http_problem(http::status::request_header_fields_too_large, "headers_too_large",
                           "the headers are larger than " + std::to_string(options.header_bytes_max) + " bytes",
                           request_id_);
      co_return 0;
    }
    if (size != std::string_view::npos) {
      if (const auto* found =
              find_header_fault(data.substr(0, size), {options.header_count_max, options.target_bytes_max})) {
        request_id_ = next_request_id();
        fault = http_problem(found->status, found->code, found->message, request_id_);
      }
      co_return size;
    }
    seen = data.size() > 2 ? data.size() - 2 : 0;
    const auto filled = co_await fill(kReadBytes);
    if (filled == Filled::late) fault = late("headers");
    if (filled != Filled::yes) co_return 0;
  }
}

// The guard has found the block well formed, so it is only taken apart here.
HttpSession::Incoming HttpSession::parse_header(std::string_view block) const {
  Incoming out;
  auto& request = *out.request;
  request.remote_address = remote_address_;
  auto line = block.substr(0, block.find("\r\n"));
  const auto space = line.find(' '), last = line.rfind(' ');
  request.method_text = line.substr(0, space);
  request.method = http::string_to_verb({request.method_text.data(), request.method_text.size()});
  request.target = line.substr(space + 1, last - space - 1);
  out.is_old = line.substr(last + 1) == "HTTP/1.0";
  const auto question = request.target.find('?');
  request.path = request.target.substr(0, question);
  if (question != std::string::npos) request.query = request.target.substr(question + 1);
  out.keeps_alive = !out.is_old;
  request.headers.reserve(16);
  for (block.remove_prefix(line.size() + 2); block.size() > 2; block.remove_prefix(line.size() + 2)) {
    line = block.substr(0, block.find("\r\n"));
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon), value = trim(line.substr(colon + 1));
    request.headers.emplace_back(name, value);
    if (equals(name, "content-length")) {
      std::from_chars(value.data(), value.data() + value.size(), out.content_length.emplace());
    } else if (equals(name, "transfer-encoding")) {
      out.is_chunked = true;
    } else if (equals(name, "connection")) {
      if (has_token(value, "close")) out.keeps_alive = false;
    } else if (equals(name, "expect")) {
      out.expects_continue = equals(value, "100-continue") && !out.is_old;
    } else if (equals(name, "x-request-id") && is_usable_request_id(value)) {
      request.request_id = value;
    }
  }
  if (request.request_id.empty()) request.request_id = next_request_id();
  return out;
}

// A body that came with its head, as small ones do. False: there is more to read, or something to refuse.
bool HttpSession::take_body(Incoming& incoming) {
  const auto length = incoming.content_length.value_or(0);
  if (incoming.is_chunked || length > serving_->options.body_bytes_max || length > buffer_.size()) return false;
  incoming.request->body = received().substr(0, length);
  buffer_.consume(length);
  return true;
}

Task<bool> HttpSession::read_body(Incoming& incoming, std::string header, std::optional<HttpResponse>& fault) {
  if (incoming.content_length.value_or(0) > serving_->options.body_bytes_max) {
    fault = too_large();
    co_return false;
  }
  expect_within(serving_->options.body_timeout);
  if (incoming.expects_continue && buffer_.size() == 0) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, count] = co_await asio::async_write(socket_, asio::buffer(kContinue), use_tuple);
    if (error) co_return false;
  }
  if (incoming.is_chunked) co_return co_await read_chunked(incoming.request->body, std::move(header), fault);
  co_return co_await read_counted(incoming.request->body, *incoming.content_length, fault);
}

// The body grows with what arrives, not with what was announced.
Task<bool> HttpSession::read_counted(std::string& body, std::size_t length, std::optional<HttpResponse>& fault) {
  while (true) {
    const auto piece = received().substr(0, length - body.size());
    body += piece;
    buffer_.consume(piece.size());
    if (body.size() == length) co_return true;
    const auto filled = co_await fill(std::min(kBodyReadBytes, std::max(kReadBytes, length - body.size())));
    if (filled == Filled::late) fault = late("body");
    if (filled != Filled::yes) co_return false;
  }
}

// Beast undoes the chunks. Trailers are read and dropped: merged into the headers, they would pass by whoever checked
// those.
Task<bool> HttpSession::read_chunked(std::string& body, std::string header, std::optional<HttpResponse>& fault) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(serving_->options.header_bytes_max + kReadBytes));
  // Counted here: the parser's own limit counts a chunk again each time that it looks at an unfinished line.
  parser.body_limit(boost::none);
  auto count = [left = std::uint64_t{serving_->options.body_bytes_max}](std::uint64_t size, beast::string_view,
                                                                        ErrorCode& code) mutable {
    if (size > left) code = http::error::body_limit;
    left -= std::min(size, left);
  };
  parser.on_chunk_header(count);
  ErrorCode error;
  parser.put(asio::buffer(header), error);
  parser.eager(true);
  while (!error && !parser.is_done()) {
    if (buffer_.size() >= chunked_end_bytes) {
      buffer_.consume(parser.put(buffer_.data(), error));
      if (!error || error != http::error::need_more) continue;
      error = {};
      if (buffer_.size() >= buffer_.max_size() - kReadBytes) error = http::error::bad_chunk;  // a line without end
      if (error) break;
    }
    const auto filled = co_await fill(kBodyReadBytes);
    if (filled == Filled::late) fault = late("body");
    if (filled != Filled::yes) co_return false;
  }
  if (!error) {
    body = std::move(parser.get().body());
    co_return true;
  }
  fault = error == http::error::body_limit ? too_large()
                                           : http_problem(http::status::bad_request, "malformed_body",
                                                          "the body's chunks are malformed", request_id_);
  co_return false;
}

HttpResponse HttpSession::late(std::string_view what) const {
  return http_problem(http::status::request_timeout, "request_timeout",
                      "the " + std::string(what) + " did not arrive in time", request_id_);
}

HttpResponse HttpSession::too_large() const {
  return http_problem(http::status::payload_too_large, "payload_too_large",
                      "the body is larger than " + std::to_string(serving_->options.body_bytes_max) + " bytes",
                      request_id_);
}

Task<bool> HttpSession::write(Outgoing outgoing) {
  const auto& response = outgoing.response;
  const auto status = static_cast<unsigned>(response.status);
  const bool has_body = outgoing.has_body && !is_bodyless(status);
  std::string head;
  head.reserve(256 + (has_body && response.body.size() <= kJoinedBytesMax ? response.body.size() : 0));
  head += "HTTP/1.1 " + std::to_string(status) + " ";
  const auto reason = http::obsolete_reason(response.status);
  head.append(reason.data(), reason.size());
  head += "\r\n";
  if (!response.content_type.empty() && !is_bodyless(status))
    append_header(head, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) append_header(head, name, value);
  append_header(head, "X-Request-ID", outgoing.request_id.empty() ? next_request_id() : outgoing.request_id);
  head += "X-Content-Type-Options: nosniff\r\n";
  if (!is_bodyless(status)) head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  head += outgoing.keeps_alive ? "\r\n" : "Connection: close\r\n\r\n";
  expect_within(serving_->options.body_timeout);
  std::array<asio::const_buffer, 2> buffers{};
  if (has_body && response.body.size() <= kJoinedBytesMax) {
    head += response.body;
  } else if (has_body) {
    buffers[1] = asio::buffer(response.body);
  }
  buffers[0] = asio::buffer(head);
  const auto [error, count] = co_await asio::async_write(socket_, buffers, use_tuple);
  co_return !error && !is_late_;
}

}  // namespace fairlead::net
