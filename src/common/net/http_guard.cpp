#include "common/net/http_guard.hpp"

#include <algorithm>

#include "common/core/header_text.hpp"

namespace fairlead::net {
namespace {

using boost::beast::http::status;

constexpr HeaderFault kLine{status::bad_request, "malformed_request", "the request line or a header is malformed"};
constexpr HeaderFault kVersion{status::http_version_not_supported, "http_version", "expected HTTP/1.1 or HTTP/1.0"};
constexpr HeaderFault kFolding{status::bad_request, "obsolete_folding", "a header may not continue on the next line"};
constexpr HeaderFault kLength{status::bad_request, "content_length", "expected one Content-Length of decimal digits"};
constexpr HeaderFault kBoth{status::bad_request, "length_and_coding",
                            "Content-Length and Transfer-Encoding exclude each other"};
constexpr HeaderFault kCoding{status::bad_request, "transfer_encoding",
                              "the only transfer coding accepted is one \"chunked\""};
constexpr HeaderFault kHost{status::bad_request, "host", "expected exactly one valid Host header"};
constexpr HeaderFault kCount{status::request_header_fields_too_large, "too_many_headers", "too many headers"};
constexpr HeaderFault kTarget{status::uri_too_long, "target_too_long", "the request target is too long"};

// uri-host [":" port] (RFC 3986 §3.2.2), by its characters: the rest is the router's business. Empty is allowed.
bool is_host(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~%!$&'()*+,;=:[]").find(c) != std::string_view::npos;
  });
}

bool equals(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
         });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

const HeaderFault* request_line_fault(std::string_view line, std::size_t target_bytes_max, bool& is_old) {
  const auto first = line.find(' '), last = line.rfind(' ');
  if (first == 0 || first == std::string_view::npos || last == first) return &kLine;
  if (!is_token(line.substr(0, first))) return &kLine;
  const auto target = line.substr(first + 1, last - first - 1);
  if (target.empty()) return &kLine;
  if (target.size() > target_bytes_max) return &kTarget;
  for (const char c : target) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return &kLine;
  }
  const auto version = line.substr(last + 1);
  is_old = version == "HTTP/1.0";
  if (version != "HTTP/1.1" && !is_old) return version.starts_with("HTTP/") ? &kVersion : &kLine;
  return nullptr;
}

// What the headers of a request said about its framing so far.
struct Framing {
  std::size_t lengths = 0, codings = 0, hosts = 0;
  bool is_old = false;  // HTTP/1.0
};

const HeaderFault* header_fault(std::string_view line, Framing& framing) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return &kLine;
  const auto name = line.substr(0, colon), value = trim(line.substr(colon + 1));
  if (!is_token(name)) return &kLine;
  if (equals(name, "content-length")) {
    const bool is_number = !value.empty() && value.size() <= 15 &&
                           std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (++framing.lengths > 1 || !is_number) return &kLength;
  } else if (equals(name, "transfer-encoding")) {
    if (++framing.codings > 1 || !equals(value, "chunked") || framing.is_old) return &kCoding;
  } else if (equals(name, "host")) {
    if (++framing.hosts > 1 || !is_host(value)) return &kHost;
  }
  return nullptr;
}

const HeaderFault* framing_fault(const Framing& framing) {
  if (framing.lengths > 0 && framing.codings > 0) return &kBoth;
  if (framing.hosts != 1 && !framing.is_old) return &kHost;
  return nullptr;
}

}  // namespace

const HeaderFault* find_header_fault(std::string_view block, const HeaderLimits& limits) {
  Framing framing;
  bool is_first = true;
  std::size_t count = 0;
  while (!block.empty()) {
    const auto end = block.find('\n');
    if (end == std::string_view::npos || end == 0 || block[end - 1] != '\r') return &kLine;
    const auto line = block.substr(0, end - 1);
    block.remove_prefix(end + 1);
    if (!is_header_value(line)) return &kLine;
    if (is_first) {
      is_first = false;
      if (const auto* fault = request_line_fault(line, limits.target_bytes_max, framing.is_old)) return fault;
      continue;
    }
    if (line.empty()) return framing_fault(framing);
    if (line.front() == ' ' || line.front() == '\t') return &kFolding;
    if (++count > limits.header_count_max) return &kCount;
    if (const auto* fault = header_fault(line, framing)) return fault;
  }
  return &kLine;  // no empty line
}

}  // namespace fairlead::net
