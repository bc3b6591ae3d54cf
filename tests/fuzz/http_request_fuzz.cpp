// A producer's bytes against a whole HTTP session: guard, request line, headers, lengths, chunks, pipelining. The first
// byte says in which pieces they arrive; it must make no difference.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <exception>
#include <vector>

#include "common/net/http_guard.hpp"
#include "common/net/http_session.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead::net {
namespace {

using fuzz::require;

constexpr std::size_t kHeaderBytesMax = 1024;
constexpr std::size_t kHeaderCountMax = 8;
constexpr std::size_t kTargetBytesMax = 128;
constexpr std::size_t kBodyBytesMax = 512;

// What the handler was given, and what the peer was answered.
struct Seen {
  std::vector<std::string> requests;
  std::string answers;
};

void check_request(const HttpRequest& request) {
  require(fuzz::is_token(request.method_text), "a method is a token");
  require(!request.target.empty() && request.target.size() <= kTargetBytesMax, "a target is bounded");
  require(!fuzz::has_control_character(request.target) && request.target.find_first_of(" \t") == std::string::npos,
          "a target has neither spaces nor control characters");
  require(request.headers.size() <= kHeaderCountMax, "headers are counted");
  require(request.body.size() <= kBodyBytesMax, "a body is bounded");
  for (const auto& [name, value] : request.headers) {
    require(fuzz::is_token(name), "a header's name is a token");
    require(!fuzz::has_control_character(value), "a header's value has no control characters");
  }
}

Task<HttpResponse> keep(Seen* seen, std::shared_ptr<const HttpRequest> request) {
  check_request(*request);
  seen->requests.push_back(request->method_text + " " + request->target + "\n" + request->body);
  co_return HttpResponse{.body = "ok"};
}

std::string read_all(int fd) {
  std::string out;
  char bytes[4096];
  while (true) {
    const auto count = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count <= 0) return out;
    out.append(bytes, static_cast<std::size_t>(count));
  }
}

Seen serve(std::string_view bytes, std::size_t piece_bytes) {
  Seen seen;
  int ends[2];
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "a pair of sockets");
  boost::asio::io_context io(1);
  HttpSession::tcp::socket socket(io);
  socket.assign(HttpSession::tcp::v4(), ends[0]);
  auto serving = std::make_shared<HttpServing>();
  serving->options.header_bytes_max = kHeaderBytesMax;
  serving->options.header_count_max = kHeaderCountMax;
  serving->options.target_bytes_max = kTargetBytesMax;
  serving->options.body_bytes_max = kBodyBytesMax;
  serving->handler = [&seen](std::shared_ptr<const HttpRequest> request) { return keep(&seen, std::move(request)); };
  auto session = std::make_shared<HttpSession>(std::move(socket), serving);
  boost::asio::co_spawn(io, session->run(), [session](const std::exception_ptr& error) {
    require(error == nullptr, "a session ends without an exception");
  });
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    if (::send(ends[1], piece.data(), piece.size(), MSG_NOSIGNAL) < 0) break;
    io.poll();
    seen.answers += read_all(ends[1]);
  }
  ::shutdown(ends[1], SHUT_WR);
  io.run();
  seen.answers += read_all(ends[1]);
  ::close(ends[1]);
  return seen;
}

// The statuses of the answers, but for 100, whose coming depends on how fast the body follows.
std::vector<int> statuses(std::string_view answers) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  std::vector<int> out;
  for (auto at = answers.find(kVersion); at != std::string_view::npos; at = answers.find(kVersion, at + 1)) {
    const int status = std::atoi(std::string(answers.substr(at + kVersion.size(), 3)).c_str());
    if (status > 100) out.push_back(status);  // the words also stand in a refusal's text
  }
  return out;
}

void check_answers(const Seen& seen) {
  const auto all = statuses(seen.answers);
  std::size_t good = 0;
  while (good < all.size() && all[good] == 200) ++good;
  require(good == seen.requests.size(), "every request is answered once, in order");
  require(all.size() <= good + 1, "after a refusal the connection is closed");
  if (all.size() > good) require(all[good] / 100 == 4 || all[good] == 505, "what is refused is the client's fault");
}

// Where a lenient parser reads the same headers, it must see the same framing: no smuggling between the two.
void compare_framing(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return;
  const auto block = bytes.substr(0, end + 4);
  const HeaderLimits limits{.header_count_max = kHeaderCountMax, .target_bytes_max = kTargetBytesMax};
  if (find_header_fault(block, limits) != nullptr) return;
  http::request_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  boost::system::error_code error;
  const auto used = parser.put(boost::asio::buffer(block.data(), block.size()), error);
  if (error && error != http::error::need_more) return;
  require(used == block.size(), "another parser ends the headers at the same byte");
  const auto& message = parser.get();
  require(parser.chunked() == (message.count(http::field::transfer_encoding) == 1), "chunked is chunked");
  require(message.count(http::field::content_length) + message.count(http::field::transfer_encoding) <= 1,
          "a body has one length");
}

}  // namespace
}  // namespace fairlead::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  fuzz::Input input(data, size);
  const std::size_t piece_bytes = 1U + input.byte() % 64U;
  const auto bytes = input.rest();
  net::compare_framing(bytes);
  const auto whole = net::serve(bytes, bytes.size());
  const auto pieces = net::serve(bytes, piece_bytes);
  net::check_answers(whole);
  net::check_answers(pieces);
  fuzz::require(whole.requests == pieces.requests, "the same requests, however they arrive");
  // What is malformed and cut off may be told or not: its end may be needed to see it.
  auto first = net::statuses(whole.answers), second = net::statuses(pieces.answers);
  const auto told = std::min(first.size(), second.size());
  first.resize(told), second.resize(told);
  fuzz::require(first == second, "the same answers");
  return 0;
}
