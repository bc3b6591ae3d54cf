// URLs of endpoints, networks, and addresses before the guard.
#include <arpa/inet.h>
#include <netdb.h>

#include "common/net/address_guard.hpp"
#include "common/net/url.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead::net {
namespace {

namespace ip = boost::asio::ip;
using fuzz::require;

const AddressGuard& strict_guard() {
  static const auto guard = AddressGuard::from_allowed({}).value();
  return guard;
}
const AddressGuard& open_guard() {
  static const auto guard = AddressGuard::from_allowed({"0.0.0.0/0", "::/0"}).value();
  return guard;
}

bool is_number_to_the_system(const std::string& host) {
  in_addr ignored{};
  if (::inet_aton(host.c_str(), &ignored) != 0) return true;
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

void check_parsed(const Url& url) {
  require(!url.host.empty() && url.port != 0, "a host and a port");
  require(url.target.starts_with('/') && !fuzz::has_control_character(url.target), "a target that can be sent");
  require(url.host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_:") == std::string::npos, "a clean host");
  if (url.host_is_address) {
    boost::system::error_code error;
    require(ip::make_address(url.host, error).to_string() == url.host && !error, "an address in its canonical text");
  } else {
    require(!is_number_to_the_system(url.host), "a name that no lenient parser takes for an address");
  }
}

void try_url(std::string_view text) {
  const auto url = parse_url(text);
  const auto internal = parse_internal_url(text);
  require(!url || internal.has_value(), "an operator may write whatever others may");
  if (internal) check_parsed(*internal);
  if (!url) return require(!strict_guard().check_url(text), "the guard parses as strictly");
  const auto again = parse_url((url->tls ? "https://" : "http://") + url->host_header() + url->target);
  require(again && again->host == url->host && again->port == url->port && again->target == url->target &&
              again->tls == url->tls && again->host_is_address == url->host_is_address,
          "written and parsed again, it is the same");
  if (strict_guard().check_url(text) && url->host_is_address) {
    require(strict_guard().check_dial(ip::make_address(url->host), url->port).has_value(), "saved and dialled alike");
  }
}

void try_networks(fuzz::Input& input) {
  const std::string text(input.line());
  const auto guard = AddressGuard::from_allowed({text});
  if (!guard) return;
  const auto base = ip::make_address(text.substr(0, text.find('/')));
  require(guard->check_address(base).has_value() || !open_guard().check_address(base),
          "a network's first address is allowed, unless it is metadata");
}

bool passes(const AddressGuard& guard, const ip::address& address) { return guard.check_address(address).has_value(); }

ip::address embed(ip::address_v6::bytes_type prefix, const ip::address_v4& inner) {
  const auto four = inner.to_bytes();
  std::copy(four.begin(), four.end(), prefix.begin() + 12);
  return ip::address_v6(prefix);
}

void try_addresses(fuzz::Input& input) {
  ip::address_v6::bytes_type bytes{};
  for (auto& byte : bytes) byte = input.byte();
  const ip::address six = ip::address_v6(bytes);
  const ip::address_v4 four({bytes[0], bytes[1], bytes[2], bytes[3]});
  require(!passes(strict_guard(), six) || passes(open_guard(), six), "allowing more refuses nothing");
  require(!passes(strict_guard(), four) || passes(open_guard(), four), "allowing more refuses nothing");
  const auto mapped = embed({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, four), compatible = embed({}, four);
  const auto translated = embed({0, 0x64, 0xff, 0x9b}, four);
  require(!passes(strict_guard(), mapped) && !passes(strict_guard(), compatible), "no way around by IPv6");
  require(passes(strict_guard(), translated) == passes(strict_guard(), four), "NAT64 is judged by what it leads to");
  if (!passes(open_guard(), four)) {
    require(!passes(open_guard(), mapped) && !passes(open_guard(), compatible) && !passes(open_guard(), translated),
            "metadata stays refused inside IPv6");
  }
}

}  // namespace
}  // namespace fairlead::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  fuzz::Input input(data, size);
  switch (input.byte() % 4) {
    case 0:
    case 1:
      net::try_url(input.rest());
      break;
    case 2:
      net::try_networks(input);
      break;
    default:
      net::try_addresses(input);
  }
  return 0;
}
