// An endpoint's bytes: status line, headers, chunks, 1xx answers, gzip; and Retry-After, which such an answer may
// carry.
#include "common/net/response_reader.hpp"
#include "data_plane/deliver/verdict.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead::net {
namespace {

using fuzz::require;
using Step = ResponseReader::Step;

// More than an input has, so that what differs between pieces is a fault and no bound.
constexpr std::size_t kHeaderBytesMax = 16 * 1024;
constexpr std::size_t kBodyBytesMax = 1000;

struct Read {
  Step step = Step::more;
  bool is_reusable = false;
  ClientResponse response;
};

Read read(std::string_view bytes, std::size_t piece_bytes) {
  Read out;
  ResponseReader reader({.header_bytes_max = kHeaderBytesMax, .body_bytes_max = kBodyBytesMax});
  while (out.step == Step::more && !bytes.empty()) {
    const auto piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    out.step = reader.feed(piece);
  }
  if (out.step == Step::more) out.step = reader.feed({});
  if (out.step == Step::more) out.step = reader.at_end();
  out.is_reusable = out.step == Step::done && reader.is_reusable();
  require((out.step == Step::broken) == !reader.error().empty(), "what is broken is said");
  reader.move_to(out.response);
  require(out.response.body.size() <= kBodyBytesMax, "a body is bounded after decoding");
  if (out.step == Step::done) {
    require(out.response.status >= 200 && out.response.status <= 999, "a final answer has a final status");
  }
  return out;
}

void compare(const Read& whole, const Read& pieces) {
  if (whole.response.body_truncated || pieces.response.body_truncated) return;  // cut, perhaps before a fault
  // What is malformed may also wait for more that never comes: both are failures.
  require((whole.step == Step::done) == (pieces.step == Step::done), "the same outcome, however it arrives");
  if (whole.step != Step::done) return;
  require(whole.response.status == pieces.response.status, "the same status");
  require(whole.response.body == pieces.response.body, "the same body");
  require(whole.response.headers == pieces.response.headers, "the same headers");
}

void judge(const ClientResponse& response) {
  const TimePoint now{std::chrono::seconds(1'800'000'000)};
  for (const auto& [name, value] : response.headers) {
    if (const auto until = deliver::parse_retry_after(value, now)) {
      require(*until > now && *until <= now + std::chrono::hours(1), "Retry-After is clamped");
    }
  }
  auto refused = response;
  refused.failure = FailureClass::http_status;
  const auto verdict = deliver::judge_answer(refused, {.policy = {}, .now = now, .jitter = 0.5});
  require(!verdict.next_due || *verdict.next_due >= now, "never again in the past");
}

}  // namespace
}  // namespace fairlead::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  fuzz::Input input(data, size);
  const auto choice = input.byte();
  std::string bytes(input.rest());
  if (choice & 0x80) bytes = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + bytes;
  if (choice & 0x40) bytes = "HTTP/1.1 503 No\r\nRetry-After: " + bytes;
  const auto whole = net::read(bytes, bytes.size());
  net::compare(whole, net::read(bytes, 1U + choice % 32U));
  net::judge(whole.response);
  return 0;
}
