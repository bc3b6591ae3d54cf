#include "common/net/address_guard.hpp"

#include <algorithm>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <charconv>
#include <optional>

namespace fairlead::net {
namespace {

namespace ip = boost::asio::ip;

struct RuleV4 {
  std::uint32_t network;
  int bits;
  std::string_view name;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24U | b << 16U | c << 8U | d;
}

// IANA IPv4 Special-Purpose Address Registry (RFC 6890) and multicast; the narrower rule first.
constexpr RuleV4 kRulesV4[] = {
    {v4(0, 0, 0, 0), 32, "the unspecified address 0.0.0.0"},
    {v4(0, 0, 0, 0), 8, "\"this network\", 0.0.0.0/8 (RFC 791)"},
    {v4(10, 0, 0, 0), 8, "private, 10.0.0.0/8 (RFC 1918)"},
    {v4(100, 64, 0, 0), 10, "carrier-grade NAT, 100.64.0.0/10 (RFC 6598)"},
    {v4(127, 0, 0, 0), 8, "loopback, 127.0.0.0/8 (RFC 1122)"},
    {v4(169, 254, 0, 0), 16, "link-local, 169.254.0.0/16 (RFC 3927)"},
    {v4(172, 16, 0, 0), 12, "private, 172.16.0.0/12 (RFC 1918)"},
    {v4(192, 0, 0, 0), 24, "protocol assignments, 192.0.0.0/24 (RFC 6890)"},
    {v4(192, 0, 2, 0), 24, "documentation, 192.0.2.0/24 (RFC 5737)"},
    {v4(192, 88, 99, 0), 24, "6to4 relays, 192.88.99.0/24 (RFC 7526)"},
    {v4(192, 168, 0, 0), 16, "private, 192.168.0.0/16 (RFC 1918)"},
    {v4(198, 18, 0, 0), 15, "benchmarking, 198.18.0.0/15 (RFC 2544)"},
    {v4(198, 51, 100, 0), 24, "documentation, 198.51.100.0/24 (RFC 5737)"},
    {v4(203, 0, 113, 0), 24, "documentation, 203.0.113.0/24 (RFC 5737)"},
    {v4(224, 0, 0, 0), 4, "multicast, 224.0.0.0/4 (RFC 5771)"},
    {v4(255, 255, 255, 255), 32, "the broadcast address 255.255.255.255"},
    {v4(240, 0, 0, 0), 4, "reserved, 240.0.0.0/4 (RFC 1112)"},
};

struct RuleV6 {
  std::array<std::uint16_t, 8> network;
  int bits;
  std::string_view name;
};

// IANA IPv6 Special-Purpose Address Registry; what is outside 2000::/3 and unnamed here is refused too.
constexpr RuleV6 kRulesV6[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0}, 128, "the unspecified address ::"},
    {{0, 0, 0, 0, 0, 0, 0, 1}, 128, "loopback, ::1 (RFC 4291)"},
    {{0, 0, 0, 0, 0, 0xffff, 0, 0}, 96, "IPv4-mapped, ::ffff:0:0/96 (RFC 4291)"},
    {{0, 0, 0, 0, 0xffff, 0, 0, 0}, 96, "IPv4-translated, ::ffff:0:0:0/96 (RFC 2765)"},
    {{0, 0, 0, 0, 0, 0, 0, 0}, 96, "IPv4-compatible, ::/96 (RFC 4291)"},
    {{0x64, 0xff9b, 1, 0, 0, 0, 0, 0}, 48, "local NAT64, 64:ff9b:1::/48 (RFC 8215)"},
    {{0x100, 0, 0, 0, 0, 0, 0, 0}, 64, "discard only, 100::/64 (RFC 6666)"},
    {{0x2001, 0, 0, 0, 0, 0, 0, 0}, 32, "Teredo, 2001::/32 (RFC 4380)"},
    {{0x2001, 0, 0, 0, 0, 0, 0, 0}, 23, "protocol assignments, 2001::/23 (RFC 2928)"},
    {{0x2001, 0xdb8, 0, 0, 0, 0, 0, 0}, 32, "documentation, 2001:db8::/32 (RFC 3849)"},
    {{0x2002, 0, 0, 0, 0, 0, 0, 0}, 16, "6to4, 2002::/16 (RFC 3056)"},
    {{0x3fff, 0, 0, 0, 0, 0, 0, 0}, 20, "documentation, 3fff::/20 (RFC 9637)"},
    {{0xfc00, 0, 0, 0, 0, 0, 0, 0}, 7, "unique local, fc00::/7 (RFC 4193)"},
    {{0xfe80, 0, 0, 0, 0, 0, 0, 0}, 10, "link-local, fe80::/10 (RFC 4291)"},
    {{0xff00, 0, 0, 0, 0, 0, 0, 0}, 8, "multicast, ff00::/8 (RFC 4291)"},
};
constexpr std::string_view kNotGlobal = "outside global unicast, 2000::/3 (RFC 4291)";

// Where clouds hand out credentials: AWS, Google, Azure and most others; ECS and EKS; Alibaba; Oracle; Azure's wire
// server.
constexpr std::uint32_t kMetadataV4[] = {
    v4(169, 254, 169, 254), v4(169, 254, 170, 2), v4(169, 254, 170, 23), v4(169, 254, 42, 42),
    v4(100, 100, 100, 200), v4(192, 0, 0, 192),   v4(168, 63, 129, 16),
};
constexpr std::array<std::uint16_t, 8> kMetadataV6[] = {
    {0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254},    // AWS
    {0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23},     // EKS pod identity
    {0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254},     // Google
    {0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42},      // Scaleway
    {0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe},  // OpenStack
};

using BytesV6 = std::array<std::uint8_t, 16>;

constexpr BytesV6 bytes_of(const std::array<std::uint16_t, 8>& groups) {
  BytesV6 out{};
  for (std::size_t i = 0; i < 8; ++i) {
    out[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8U);
    out[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xffU);
  }
  return out;
}

bool share_bits(const BytesV6& address, const BytesV6& network, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole), network.begin())) return false;
  const int rest = bits % 8;
  return rest == 0 || (address[whole] ^ network[whole]) >> (8 - rest) == 0;
}

bool has_prefix(const BytesV6& address, const std::array<std::uint16_t, 8>& network, int bits) {
  return share_bits(address, bytes_of(network), bits);
}

BytesV6 to_bytes(const ip::address& address) {
  BytesV6 out{};
  if (address.is_v6()) return address.to_v6().to_bytes();
  const auto four = address.to_v4().to_bytes();
  std::copy(four.begin(), four.end(), out.begin());
  return out;
}

// The IPv4 address in the four bytes from `first` on; byte 8 of RFC 6052 prefixes shorter than 96 is no part of it.
std::uint32_t inner_v4(const BytesV6& bytes, std::size_t first, bool skips_byte_8) {
  std::uint32_t out = 0;
  for (int taken = 0; taken < 4; ++first) {
    if (skips_byte_8 && first == 8) continue;
    out = out << 8U | bytes[first];
    ++taken;
  }
  return out;
}

bool is_metadata(std::uint32_t address) { return std::ranges::find(kMetadataV4, address) != std::end(kMetadataV4); }

// Every IPv4 address that an IPv6 one may stand for is looked at.
bool is_metadata(const BytesV6& bytes) {
  for (const auto& known : kMetadataV6) {
    if (bytes == bytes_of(known)) return true;
  }
  const bool carries_last = has_prefix(bytes, {0, 0, 0, 0, 0, 0xffff, 0, 0}, 96) || has_prefix(bytes, {}, 96) ||
                            has_prefix(bytes, {0, 0, 0, 0, 0xffff, 0, 0, 0}, 96) ||
                            has_prefix(bytes, {0x64, 0xff9b, 0, 0, 0, 0, 0, 0}, 96);
  if (carries_last) return is_metadata(inner_v4(bytes, 12, false));
  if (has_prefix(bytes, {0x2002, 0, 0, 0, 0, 0, 0, 0}, 16)) return is_metadata(inner_v4(bytes, 2, false));
  if (has_prefix(bytes, {0x2001, 0, 0, 0, 0, 0, 0, 0}, 32)) {  // Teredo: the server's, and the client's inverted
    return is_metadata(inner_v4(bytes, 4, false)) || is_metadata(~inner_v4(bytes, 12, false));
  }
  if (has_prefix(bytes, {0x64, 0xff9b, 1, 0, 0, 0, 0, 0}, 48)) {  // RFC 6052 §2.2: prefixes of 48, 56, 64 and 96 bits
    return is_metadata(inner_v4(bytes, 6, true)) || is_metadata(inner_v4(bytes, 7, true)) ||
           is_metadata(inner_v4(bytes, 9, true)) || is_metadata(inner_v4(bytes, 12, false));
  }
  return false;
}

std::string_view find_rule(std::uint32_t address) {
  for (const auto& rule : kRulesV4) {
    if ((address ^ rule.network) >> (32 - rule.bits) == 0) return rule.name;
  }
  return {};
}

std::string_view find_rule(const BytesV6& bytes) {
  for (const auto& rule : kRulesV6) {
    if (has_prefix(bytes, rule.network, rule.bits)) return rule.name;
  }
  return has_prefix(bytes, {0x2000, 0, 0, 0, 0, 0, 0, 0}, 3) ? std::string_view() : kNotGlobal;
}

// Services that answer to whoever reaches them, sorted by port.
constexpr std::uint16_t kInternalPorts[] = {
    7,     9,     11,    13,    15,    17,    19,    20,    21,    22,    23,    25,    37,    42,    43,
    53,    69,    79,    110,   111,   113,   119,   123,   135,   137,   138,   139,   143,   161,   162,
    179,   389,   427,   445,   465,   512,   513,   514,   515,   540,   548,   554,   563,   587,   623,
    631,   636,   873,   990,   993,   995,   1080,  1099,  1433,  1434,  1521,  1719,  1720,  1723,  2049,
    2181,  2375,  2376,  2377,  2379,  2380,  3268,  3269,  3306,  3389,  3659,  4045,  4190,  4222,  4369,
    4646,  5006,  5009,  5060,  5061,  5432,  5433,  5671,  5672,  5900,  5901,  5984,  5985,  5986,  6000,
    6379,  6380,  6432,  6443,  6566,  6665,  6666,  6667,  6668,  6669,  6697,  7000,  7001,  7199,  8086,
    8125,  8200,  8300,  8301,  8500,  8600,  9042,  9092,  9160,  9200,  9300,  10050, 10051, 10080, 10250,
    10255, 11211, 15672, 25672, 26257, 26379, 27017, 27018, 27019, 28017, 50070, 61613, 61616,
};
static_assert(std::ranges::is_sorted(kInternalPorts));

std::unexpected<Error> refuse_address(std::string message) {
  return fail(Error{.code = Code::forbidden, .message = std::move(message), .reason = "address_refused"});
}

Result<void> check_port(std::uint16_t port) {
  if (!std::ranges::binary_search(kInternalPorts, port)) return {};
  return fail(Error{.code = Code::forbidden,
                    .message = "port " + std::to_string(port) +
                               " is refused: it belongs to a well-known internal service; only inside the networks of "
                               "FAIRLEAD_ALLOW_NETWORKS may it be reached",
                    .reason = "port_refused"});
}

std::optional<Network> parse_network(std::string_view text, std::string& problem) {
  const auto slash = text.find('/');
  boost::system::error_code error;
  const bool has_zone = text.find('%') != std::string_view::npos;
  const auto address = ip::make_address(std::string(text.substr(0, slash)), error);
  problem = "expected an address or a CIDR such as 10.0.0.0/8 or fd12::/16";
  if (error || has_zone) return std::nullopt;
  Network network{.bytes = to_bytes(address), .bits = address.is_v6() ? 128 : 32, .is_v6 = address.is_v6()};
  if (slash == std::string_view::npos) return network;
  const auto length = text.substr(slash + 1);
  int bits = -1;
  const auto [end, code] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (code != std::errc() || end != length.data() + length.size() || bits < 0 || bits > network.bits)
    return std::nullopt;
  network.bits = bits;
  for (int bit = bits; bit < 128; ++bit) {
    if ((network.bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0) {
      problem = "it has bits beyond its prefix of " + std::to_string(bits);
      return std::nullopt;
    }
  }
  return network;
}

}  // namespace

bool Network::contains(const ip::address& address) const {
  return address.is_v6() == is_v6 && share_bits(to_bytes(address), bytes, bits);
}

Result<AddressGuard> AddressGuard::from_allowed(const std::vector<std::string>& cidrs) {
  AddressGuard guard;
  for (const auto& text : cidrs) {
    std::string problem;
    const auto network = parse_network(text, problem);
    if (!network) {
      return fail(Error{.code = Code::invalid, .message = "\"" + text + "\": " + problem, .reason = "invalid_network"});
    }
    guard.allowed_.push_back(*network);
  }
  return guard;
}

bool AddressGuard::is_allowed(const ip::address& address) const {
  return std::ranges::any_of(allowed_, [&](const Network& network) { return network.contains(address); });
}

Result<void> AddressGuard::check_address(const ip::address& address) const {
  const auto bytes = to_bytes(address);
  const bool is_v6 = address.is_v6();
  if (is_v6 ? is_metadata(bytes) : is_metadata(address.to_v4().to_uint())) {
    return refuse_address("cloud metadata addresses are refused, whatever FAIRLEAD_ALLOW_NETWORKS allows");
  }
  if (is_allowed(address)) return {};
  // NAT64 (RFC 6052): the translator dials the IPv4 address inside, so that one is judged.
  if (is_v6 && has_prefix(bytes, {0x64, 0xff9b, 0, 0, 0, 0, 0, 0}, 96)) {
    return check_address(ip::address_v4(inner_v4(bytes, 12, false)));
  }
  const auto rule = is_v6 ? find_rule(bytes) : find_rule(address.to_v4().to_uint());
  if (rule.empty()) return {};
  return refuse_address("the address is refused: " + std::string(rule) +
                        "; an operator can allow networks with FAIRLEAD_ALLOW_NETWORKS");
}

Result<void> AddressGuard::check_dial(const ip::address& address, std::uint16_t port) const {
  FL_TRY_VOID(check_address(address));
  if (is_allowed(address)) return {};
  return check_port(port);
}

Result<Url> AddressGuard::check_url(std::string_view text) const {
  FL_TRY(Url url, parse_url(text));
  if (url.host_is_address) {
    FL_TRY_VOID(check_dial(ip::make_address(url.host), url.port));
  } else {
    FL_TRY_VOID(check_port(url.port));
  }
  return url;
}

}  // namespace fairlead::net
