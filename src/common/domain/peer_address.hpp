// The address of a peer as attempts are told with it.
#pragma once

#include <string>

namespace fairlead {

// "203.0.113.9:443" and "[2001:db8::1]:443" without the port; what is neither stays as it is.
[[nodiscard]] inline std::string host_of_peer(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return address;
  const auto host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') return host.substr(1, host.size() - 2);
  return host.find(':') == std::string::npos ? host : address;
}

}  // namespace fairlead
