#include "http_frame.hpp"

#include <algorithm>
#include <charconv>

namespace fairlead::bench {
namespace {

constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr std::size_t kBodyBytesMax = 16 * 1024 * 1024;

constexpr std::string_view kContentLength = "content-length", kTransferEncoding = "transfer-encoding",
                           kConnection = "connection", kSignature = "webhook-signature";
static_assert(kSignature.size() == kTransferEncoding.size());

bool equals_ignoring_case(std::string_view left, std::string_view lower) {
  return left.size() == lower.size() && std::equal(left.begin(), left.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct Head {
  Frame frame;
  std::optional<std::size_t> length;
};

std::expected<void, std::string> read_header(Head& head, std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::unexpected("a header line without a colon");
  const auto name = line.substr(0, colon);
  // Most headers are none of those that count: their lengths tell.
  if (name.size() != kContentLength.size() && name.size() != kTransferEncoding.size() &&
      name.size() != kConnection.size()) {
    return {};
  }
  const auto value = trimmed(line.substr(colon + 1));
  if (equals_ignoring_case(name, kContentLength)) {
    std::size_t length = 0;
    const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error != std::errc{} || stop != value.data() + value.size() || length > kBodyBytesMax) {
      return std::unexpected("a Content-Length that is no number or too large");
    }
    if (head.length && *head.length != length) return std::unexpected("two different Content-Length headers");
    head.length = length;
  } else if (equals_ignoring_case(name, kTransferEncoding)) {
    return std::unexpected("Transfer-Encoding, which this tool does not read");
  } else if (equals_ignoring_case(name, kConnection)) {
    if (equals_ignoring_case(value, "close")) head.frame.keep_alive = false;
  } else if (equals_ignoring_case(name, kSignature)) {
    head.frame.has_signature = !value.empty();
  }
  return {};
}

}  // namespace

std::expected<std::optional<Frame>, std::string> parse_frame(std::string_view buffer) {
  constexpr std::string_view blank = "\r\n\r\n", line_end = "\r\n";
  const auto end = buffer.find(blank);
  if (end == std::string_view::npos) {
    if (buffer.size() > kHeadBytesMax) return std::unexpected("a head of more than 64 KiB");
    return std::nullopt;
  }
  Head head;
  auto rest = buffer.substr(0, end + line_end.size());
  for (bool is_first = true; !rest.empty(); is_first = false) {
    const auto stop = rest.find(line_end);
    const auto line = rest.substr(0, stop);
    rest.remove_prefix(stop + line_end.size());
    if (is_first) {
      head.frame.start_line = line;
    } else if (auto read = read_header(head, line); !read) {
      return std::unexpected(read.error());
    }
  }
  if (!head.length && head.frame.start_line.starts_with("HTTP/") &&
      !head.frame.start_line.substr(8).starts_with(" 204")) {
    return std::unexpected("an answer without Content-Length");
  }
  const auto body_at = end + blank.size();
  head.frame.total_bytes = body_at + head.length.value_or(0);
  if (buffer.size() < head.frame.total_bytes) return std::nullopt;
  head.frame.body = buffer.substr(body_at, head.length.value_or(0));
  return head.frame;
}

}  // namespace fairlead::bench
