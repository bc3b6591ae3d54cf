#include "common/domain/peer_address.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace fairlead {
namespace {

// Goal: the port goes, and nothing else. Method: a table of both families and of what has no port.
TEST(PeerAddress, LosesItsPort) {
  const std::pair<std::string, std::string> cases[] = {
      {"203.0.113.9:443", "203.0.113.9"},
      {"[2001:db8::1]:443", "2001:db8::1"},
      {"203.0.113.9", "203.0.113.9"},
      {"2001:db8::1", "2001:db8::1"},
      {"[]:1", "[]"},
      {"", ""},
  };
  for (const auto& [address, host] : cases) EXPECT_EQ(host_of_peer(address), host);
}

}  // namespace
}  // namespace fairlead
