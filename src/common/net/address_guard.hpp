// Where outgoing requests may not go (SSRF). One guard for everything that dials an address a stranger chose:
// at write (check_url) and again at dial, on the very address that is dialled (check_dial).
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "common/net/url.hpp"

namespace fairlead::net {

// An address range: `bits` leading bits of `bytes` (IPv4 uses the first four).
struct Network {
  std::array<std::uint8_t, 16> bytes{};
  int bits = 0;
  bool is_v6 = false;
  [[nodiscard]] bool contains(const boost::asio::ip::address& address) const;
};

class AddressGuard {
 public:
  // CIDRs or single addresses ("10.0.0.0/8", "::1") that may be reached although the rules refuse them. Code::invalid
  // names a bad one (not an address, bits beyond the mask, prefix too long).
  [[nodiscard]] static Result<AddressGuard> from_allowed(const std::vector<std::string>& cidrs);
  // Code::forbidden, reason "address_refused"; the message names the rule and the setting FAIRLEAD_ALLOW_NETWORKS,
  // never the address, which for a name would tell a stranger what our DNS knows. Metadata addresses (169.254.169.254,
  // fd00:ec2::254, 100.100.100.200, …) are refused whatever is allowed, also inside IPv4-mapped, 6to4, Teredo and NAT64
  // addresses.
  [[nodiscard]] Result<void> check_address(const boost::asio::ip::address& address) const;
  // check_address and the port policy: what is judged at dial. The ports of well-known internal services (22, 25, 3306,
  // 5432, 6379, 9200, …) are refused, reason "port_refused", except at addresses inside an allowed network.
  [[nodiscard]] Result<void> check_dial(const boost::asio::ip::address& address, std::uint16_t port) const;
  // parse_url, then check_dial for a literal host. For a name, the port policy alone: its addresses are judged at dial.
  [[nodiscard]] Result<Url> check_url(std::string_view text) const;

 private:
  [[nodiscard]] bool is_allowed(const boost::asio::ip::address& address) const;
  std::vector<Network> allowed_;
};

}  // namespace fairlead::net
