#include "control_plane/services/header_rules.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "common/core/header_text.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kNameBytesMax = 256;
constexpr std::array<std::string_view, 19> kReserved = {"host",
                                                        "connection",
                                                        "keep-alive",
                                                        "proxy-connection",
                                                        "proxy-authorization",
                                                        "proxy-authenticate",
                                                        "te",
                                                        "trailer",
                                                        "transfer-encoding",
                                                        "upgrade",
                                                        "content-length",
                                                        "content-type",
                                                        "expect",
                                                        "accept-encoding",
                                                        "content-encoding",
                                                        "webhook-id",
                                                        "webhook-timestamp",
                                                        "webhook-signature",
                                                        "fairlead-hops"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

Result<void> check_header_name(std::string_view name, std::string_view field) {
  if (!is_token(name)) {
    return bad_field(std::string(field), "invalid_header", std::string(field) + ": expected a header name");
  }
  if (name.size() > kNameBytesMax)
    return bad_field(std::string(field), "too_long", std::string(field) + " is too long");
  for (const auto reserved : kReserved) {
    if (equals_ignoring_case(name, reserved)) {
      return bad_field(std::string(field), "reserved_header",
                       std::string(field) + ": this header is set by the sender itself");
    }
  }
  return {};
}

Result<void> check_header_value(std::string_view value, std::string_view field) {
  if (!is_header_value(value)) {
    return bad_field(std::string(field), "invalid_header", std::string(field) + ": control characters are not allowed");
  }
  return {};
}

}  // namespace fairlead::control
