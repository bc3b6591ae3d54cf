// Where outgoing requests may not go (SSRF). One guard for everything that dials an address a stranger chose:
// at write (check_url) and again at dial, on the very address that is dialled (check_address).
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace fairlead::net {

// A parsed http(s) URL. `host` is lower case without brackets; `target` begins with "/" and carries the query.
struct Url {
  bool tls = false;
  std::string host;
  std::uint16_t port = 0;
  std::string target;
  bool host_is_address = false;
  [[nodiscard]] std::string host_header() const;  // brackets for IPv6, the port unless it is the scheme's own
};

// Strict: http or https, no user info, no fragment, no control characters or spaces, host a strict dotted quad, a bracketed IPv6
// address or a DNS name of at least two labels (no decimal, octal, hex or short forms). Code::invalid, reason "invalid_url".
[[nodiscard]] Result<Url> parse_url(std::string_view text);

class AddressGuard {
 public:
  // CIDRs ("10.0.0.0/8", "::1/128") that may be reached although the rules refuse them. Code::invalid names a bad one.
  [[nodiscard]] static Result<AddressGuard> from_allowed(const std::vector<std::string>& cidrs);
  // Code::forbidden, reason "address_refused"; the message names the rule and the setting FAIRLEAD_ALLOW_NETWORKS.
  // Metadata addresses (169.254.169.254, fd00:ec2::254, 100.100.100.200, …) are refused whatever is allowed.
  [[nodiscard]] Result<void> check_address(const boost::asio::ip::address& address) const;
  // parse_url, the port policy (well-known internal services: 22, 25, 3306, 5432, 6379, 9200, …; reason "port_refused"),
  // and check_address for a literal host. Names are judged at dial.
  [[nodiscard]] Result<Url> check_url(std::string_view text) const;

 private:
  std::vector<boost::asio::ip::network_v4> allowed_v4_;
  std::vector<boost::asio::ip::network_v6> allowed_v6_;
};

}  // namespace fairlead::net
