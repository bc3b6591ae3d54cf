#include "common/net/url.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace fairlead::net {
namespace {

constexpr std::size_t kUrlBytesMax = 4096;
constexpr std::size_t kNameBytesMax = 253;  // RFC 1035 §2.3.4, without the root's dot
constexpr std::size_t kLabelBytesMax = 63;

std::unexpected<Error> refuse(std::string message) {
  return fail(Error{.code = Code::invalid, .message = std::move(message), .reason = "invalid_url"});
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lowered(c); });
  return out;
}

// "7", "10", "0x7f", "0x": what a lenient parser could take for (the end of) an IPv4 address.
bool looks_like_number(std::string_view label) {
  if (label.starts_with("0x")) {
    return std::all_of(label.begin() + 2, label.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
  }
  return std::all_of(label.begin(), label.end(), is_digit);
}

// Exactly four decimal numbers up to 255 without leading zeros.
bool is_dotted_quad(std::string_view text) {
  int parts = 0;
  while (true) {
    const auto dot = text.find('.');
    const auto part = text.substr(0, dot);
    if (part.empty() || part.size() > 3 || !std::all_of(part.begin(), part.end(), is_digit)) return false;
    if (part.size() > 1 && part.front() == '0') return false;
    int value = 0;
    std::from_chars(part.data(), part.data() + part.size(), value);
    if (value > 255) return false;
    ++parts;
    if (dot == std::string_view::npos) return parts == 4;
    text.remove_prefix(dot + 1);
  }
}

Result<void> check_label(std::string_view label) {
  if (label.empty()) return refuse("the host has an empty label: expected a name like hooks.example.com");
  if (label.size() > kLabelBytesMax) return refuse("a label of the host is longer than 63 bytes");
  if (label.front() == '-' || label.back() == '-') return refuse("a label of the host begins or ends with a hyphen");
  // The underscore is no host name's (RFC 1123), but valid in DNS (RFC 2181 §11) and in use.
  const bool is_clean = std::all_of(label.begin(), label.end(),
                                    [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
  if (!is_clean)
    return refuse("the host holds a character that no DNS name has (international names: write the xn-- form)");
  return {};
}

Result<void> parse_name(std::string host, bool is_single_label_allowed, Url& url) {
  if (host.ends_with('.')) host.pop_back();
  if (host.empty()) return refuse("the host is missing");
  if (host.size() > kNameBytesMax) return refuse("the host is longer than 253 bytes");
  const std::string_view last = std::string_view(host).substr(host.rfind('.') + 1);
  if (looks_like_number(last) && !last.empty()) {
    if (!is_dotted_quad(host)) {
      return refuse(
          "the host looks like an IPv4 address but is none: expected four decimal numbers up to 255, like 203.0.113.9");
    }
    url.host_is_address = true;
    url.host = std::move(host);
    return {};
  }
  std::string_view rest = host;
  for (bool is_more = true; is_more;) {
    const auto dot = rest.find('.');
    FL_TRY_VOID(check_label(rest.substr(0, dot)));
    is_more = dot != std::string_view::npos;
    if (is_more) rest.remove_prefix(dot + 1);
  }
  if (!is_single_label_allowed && host.find('.') == std::string::npos) {
    return refuse("the host is a single label: expected a full name like hooks.example.com");
  }
  url.host = std::move(host);
  return {};
}

Result<void> parse_bracketed(std::string_view text, Url& url) {
  boost::system::error_code error;
  const bool has_zone = text.find('%') != std::string_view::npos;
  const auto address = boost::asio::ip::make_address_v6(std::string(text), error);
  if (error || has_zone) return refuse("the host in brackets is no IPv6 address");
  url.host = address.to_string();
  url.host_is_address = true;
  return {};
}

Result<std::uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit);
  if (!is_number || error != std::errc() || value == 0 || value > 65535)
    return refuse("the port is no number from 1 to 65535");
  return static_cast<std::uint16_t>(value);
}

// host [ ":" port ]
Result<void> parse_authority(std::string_view authority, bool is_single_label_allowed, Url& url) {
  if (authority.find('@') != std::string_view::npos) {
    return refuse("a user name or password in the URL is refused: use the endpoint's authentication");
  }
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return refuse("the host's closing bracket is missing");
    const auto after = authority.substr(close + 1);
    if (!after.empty() && after.front() != ':') return refuse("expected a port or a path after the bracketed host");
    has_port = !after.empty();
    if (has_port) port = after.substr(1);
    FL_TRY_VOID(parse_bracketed(authority.substr(1, close - 1), url));
  } else {
    const auto colon = authority.find(':');
    has_port = colon != std::string_view::npos;
    if (has_port) port = authority.substr(colon + 1);
    FL_TRY_VOID(parse_name(lowered(authority.substr(0, colon)), is_single_label_allowed, url));
  }
  if (has_port) {
    FL_TRY(url.port, parse_port(port));
  }
  return {};
}

Result<Url> parse(std::string_view text, bool is_single_label_allowed) {
  if (text.size() > kUrlBytesMax) return refuse("the URL is longer than 4096 bytes");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) return refuse("the URL holds a space or a control character");
    if (byte > 0x7f) return refuse("the URL holds a byte beyond ASCII: percent-encode it (hosts: the xn-- form)");
    if (c == '\\') return refuse("the URL holds a backslash");
  }
  if (text.find('#') != std::string_view::npos) return refuse("the URL has a fragment (#…), which is never sent");
  const auto colon = text.find("://");
  const std::string scheme = colon == std::string_view::npos ? std::string() : lowered(text.substr(0, colon));
  if (scheme != "http" && scheme != "https") return refuse("expected a URL that begins with https:// or http://");
  Url url;
  url.tls = scheme == "https";
  url.port = url.tls ? 443 : 80;
  text.remove_prefix(colon + 3);
  const auto path = std::min(text.find_first_of("/?"), text.size());
  FL_TRY_VOID(parse_authority(text.substr(0, path), is_single_label_allowed, url));
  text.remove_prefix(path);
  if (!text.starts_with('/')) url.target = "/";
  url.target += text;
  return url;
}

}  // namespace

std::string Url::host_header() const {
  const bool is_v6 = host_is_address && host.find(':') != std::string::npos;
  std::string out = is_v6 ? "[" + host + "]" : host;
  if (port != (tls ? 443 : 80)) out += ":" + std::to_string(port);
  return out;
}

Result<Url> parse_url(std::string_view text) { return parse(text, false); }
Result<Url> parse_internal_url(std::string_view text) { return parse(text, true); }

}  // namespace fairlead::net
