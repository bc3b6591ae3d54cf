// The URLs that outgoing requests are made to, parsed strictly: what two parsers could read differently is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/core/result.hpp"

namespace fairlead::net {

// A parsed http(s) URL. `host` is lower case without brackets or trailing dot; an address is in its canonical text.
// `target` begins with "/" and carries the query.
struct Url {
  bool tls = false;
  std::string host;
  std::uint16_t port = 0;
  std::string target;
  bool host_is_address = false;
  [[nodiscard]] std::string host_header() const;  // brackets for IPv6, the port unless it is the scheme's own
};

// Strict: http or https, no user info, no fragment, no control characters, spaces, backslashes or bytes beyond ASCII,
// host a strict dotted quad, a bracketed IPv6 address or a DNS name of at least two labels (no decimal, octal, hex or
// short forms of addresses). One trailing dot is taken off. At most 4,096 bytes. Code::invalid, reason "invalid_url".
[[nodiscard]] Result<Url> parse_url(std::string_view text);

// The same for the operator's own URLs, where single labels ("localhost", "data") are allowed.
[[nodiscard]] Result<Url> parse_internal_url(std::string_view text);

}  // namespace fairlead::net
