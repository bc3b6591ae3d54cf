#include "common/net/address_guard.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::net {
namespace {

AddressGuard guard_allowing(const std::vector<std::string>& cidrs) {
  auto guard = AddressGuard::from_allowed(cidrs);
  if (!guard) throw std::runtime_error(guard.error().message);
  return *std::move(guard);
}

Result<void> judge(const AddressGuard& guard, const std::string& address) {
  return guard.check_address(boost::asio::ip::make_address(address));
}

// Goal: every range of the rules is refused from its first to its last address. Method: both ends of each, by rule's
// name.
TEST(CheckAddress, RefusesEveryRangeToItsEdges) {
  const auto guard = guard_allowing({});
  struct Case {
    std::string first, last, rule;
  };
  const Case cases[] = {
      {"0.0.0.0", "0.0.0.0", "unspecified"},
      {"0.0.0.1", "0.255.255.255", "0.0.0.0/8"},
      {"10.0.0.0", "10.255.255.255", "10.0.0.0/8"},
      {"100.64.0.0", "100.127.255.255", "100.64.0.0/10"},
      {"127.0.0.0", "127.255.255.255", "127.0.0.0/8"},
      {"169.254.0.0", "169.254.255.255", "169.254.0.0/16"},
      {"172.16.0.0", "172.31.255.255", "172.16.0.0/12"},
      {"192.0.0.0", "192.0.0.255", "192.0.0.0/24"},
      {"192.0.2.0", "192.0.2.255", "192.0.2.0/24"},
      {"192.88.99.0", "192.88.99.255", "192.88.99.0/24"},
      {"192.168.0.0", "192.168.255.255", "192.168.0.0/16"},
      {"198.18.0.0", "198.19.255.255", "198.18.0.0/15"},
      {"198.51.100.0", "198.51.100.255", "198.51.100.0/24"},
      {"203.0.113.0", "203.0.113.255", "203.0.113.0/24"},
      {"224.0.0.0", "239.255.255.255", "224.0.0.0/4"},
      {"240.0.0.0", "255.255.255.254", "240.0.0.0/4"},
      {"255.255.255.255", "255.255.255.255", "broadcast"},
      {"::", "::", "unspecified"},
      {"::1", "::1", "::1"},
      {"::2", "::ffff:ffff", "::/96"},
      {"::ffff:0.0.0.0", "::ffff:255.255.255.255", "::ffff:0:0/96"},
      {"::ffff:8.8.8.8", "::ffff:8.8.4.4", "::ffff:0:0/96"},
      {"::ffff:0:8.8.8.8", "::ffff:0:1.1.1.1", "::ffff:0:0:0/96"},
      {"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "64:ff9b:1::/48"},
      {"100::", "100::ffff:ffff:ffff:ffff", "100::/64"},
      {"2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "2001::/32"},
      {"2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::/23"},
      {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::/32"},
      {"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::/16"},
      {"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::/20"},
      {"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::/7"},
      {"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::/10"},
      {"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ff00::/8"},
      {"fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::/3"},
      {"4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::/3"},
      {"64:ff9a::", "64:ff9b:2::", "2000::/3"},
  };
  for (const auto& each : cases) {
    for (const auto& address : {each.first, each.last}) {
      const auto verdict = judge(guard, address);
      ASSERT_FALSE(verdict) << address;
      EXPECT_EQ(verdict.error().code, Code::forbidden);
      EXPECT_EQ(verdict.error().reason, "address_refused");
      EXPECT_NE(verdict.error().message.find(each.rule), std::string::npos)
          << address << ": " << verdict.error().message;
      EXPECT_NE(verdict.error().message.find("FAIRLEAD_ALLOW_NETWORKS"), std::string::npos);
    }
  }
}

// Goal: no rule reaches beyond its range. Method: the public addresses right outside of each.
TEST(CheckAddress, LetsPublicAddressesThrough) {
  const auto guard = guard_allowing({});
  for (const auto* address :
       {"1.0.0.0",         "9.255.255.255",   "11.0.0.0",      "100.63.255.255",  "100.128.0.0",      "126.255.255.255",
        "128.0.0.0",       "169.253.255.255", "169.255.0.0",   "172.15.255.255",  "172.32.0.0",       "191.255.255.255",
        "192.0.1.0",       "192.0.3.0",       "192.88.98.255", "192.88.100.0",    "192.167.255.255",  "192.169.0.0",
        "198.17.255.255",  "198.20.0.0",      "198.51.99.255", "198.51.101.0",    "203.0.112.255",    "203.0.114.0",
        "223.255.255.255", "8.8.8.8",         "2000::",        "2001:200::",      "2001:db7:ffff::1", "2001:db9::1",
        "2003::1",         "3ffe:ffff::1",    "3fff:1000::1",  "2606:4700::1111", "64:ff9b::8.8.8.8"}) {
    const auto verdict = judge(guard, address);
    EXPECT_TRUE(verdict) << address << ": " << verdict.error().message;
  }
}

// Goal: NAT64 is judged by the IPv4 address inside, with its rule. Method: private, loopback and allowed ones inside.
TEST(CheckAddress, JudgesNat64ByTheAddressInside) {
  const auto guard = guard_allowing({"10.0.0.0/8"});
  const auto loopback = judge(guard, "64:ff9b::127.0.0.1");
  ASSERT_FALSE(loopback);
  EXPECT_NE(loopback.error().message.find("127.0.0.0/8"), std::string::npos);
  EXPECT_FALSE(judge(guard, "64:ff9b::192.168.1.1"));
  EXPECT_TRUE(judge(guard, "64:ff9b::10.1.2.3"));
}

// Goal: metadata stays refused whatever is allowed, in every wrapping. Method: everything allowed.
TEST(CheckAddress, RefusesMetadataWhateverIsAllowed) {
  const auto guard = guard_allowing({"0.0.0.0/0", "::/0"});
  EXPECT_TRUE(judge(guard, "127.0.0.1"));
  EXPECT_TRUE(judge(guard, "::ffff:127.0.0.1"));
  EXPECT_TRUE(judge(guard, "169.254.1.1"));
  for (const auto* address : {"169.254.169.254",
                              "169.254.170.2",
                              "169.254.170.23",
                              "169.254.42.42",
                              "100.100.100.200",
                              "192.0.0.192",
                              "168.63.129.16",
                              "fd00:ec2::254",
                              "fd00:ec2::23",
                              "fd20:ce::254",
                              "fd00:42::42",
                              "fe80::a9fe:a9fe",
                              "::ffff:169.254.169.254",
                              "::169.254.169.254",
                              "::ffff:0:169.254.169.254",
                              "64:ff9b::169.254.169.254",
                              "2002:a9fe:a9fe::1",
                              "2001:0:a9fe:a9fe::1",
                              "2001:0:102:304:0:0:5601:5601",
                              "64:ff9b:1::169.254.169.254",
                              "64:ff9b:1:a9fe:a9:fe00::",
                              "64:ff9b:1:a9:fe:a9fe::",
                              "64:ff9b:1:0:a9:fea9:fe00::"}) {
    const auto verdict = judge(guard, address);
    ASSERT_FALSE(verdict) << address;
    EXPECT_EQ(verdict.error().reason, "address_refused");
    EXPECT_NE(verdict.error().message.find("metadata"), std::string::npos) << address;
    EXPECT_NE(verdict.error().message.find("FAIRLEAD_ALLOW_NETWORKS"), std::string::npos) << address;
  }
}

// Goal: an allowed network opens exactly itself. Method: edges inside and outside, both families.
TEST(FromAllowed, OpensExactlyTheNetwork) {
  const auto guard = guard_allowing({"127.0.0.0/8", "10.1.2.3", "172.16.128.0/17", "fd12:3400::/22", "::1"});
  for (const auto* address : {"127.0.0.1", "127.255.255.255", "10.1.2.3", "172.16.128.0", "172.16.255.255",
                              "fd12:3400::1", "fd12:37ff::1", "::1"}) {
    EXPECT_TRUE(judge(guard, address)) << address;
  }
  for (const auto* address : {"10.1.2.2", "10.1.2.4", "172.16.127.255", "172.17.0.0", "fd12:3800::", "fd12:33ff::1",
                              "::ffff:127.0.0.1", "::"}) {
    EXPECT_FALSE(judge(guard, address)) << address;
  }
}

// Goal: a bad network is named, never half understood. Method: malformed texts.
TEST(FromAllowed, NamesWhatItCannotRead) {
  for (const auto* text : {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8", "10.0.0.0/8/8",
                           "10.0.0/8", "localhost", "::1/129", "fd00::1/8", "fe80::%eth0/10", "*", " 10.0.0.0/8"}) {
    const auto guard = AddressGuard::from_allowed({"127.0.0.0/8", text});
    ASSERT_FALSE(guard) << text;
    EXPECT_EQ(guard.error().code, Code::invalid);
    EXPECT_NE(guard.error().message.find("\"" + std::string(text) + "\""), std::string::npos);
  }
}

// Goal: at write, literal hosts and ports are judged and names only by their port. Method: one URL of each kind.
TEST(CheckUrl, JudgesLiteralsAndPorts) {
  const auto guard = guard_allowing({"127.0.0.0/8"});
  EXPECT_TRUE(guard.check_url("https://hooks.example.com/in"));
  EXPECT_TRUE(guard.check_url("https://hooks.example.com:8443/in"));
  EXPECT_TRUE(guard.check_url("http://8.8.8.8:8080/"));
  EXPECT_TRUE(guard.check_url("http://127.0.0.1:5432/"));
  EXPECT_EQ(guard.check_url("http://10.0.0.1/").error().reason, "address_refused");
  EXPECT_EQ(guard.check_url("http://[::1]/").error().reason, "address_refused");
  EXPECT_EQ(guard.check_url("http://[::ffff:10.0.0.1]/").error().reason, "address_refused");
  EXPECT_EQ(guard.check_url("http://localhost/").error().reason, "invalid_url");
  for (const auto port : {22, 25, 3306, 5432, 6379, 9200, 11211, 61616}) {
    for (const auto& host : {"hooks.example.com", "8.8.8.8"}) {
      const auto url = guard.check_url("http://" + std::string(host) + ":" + std::to_string(port) + "/");
      ASSERT_FALSE(url) << port;
      EXPECT_EQ(url.error().reason, "port_refused");
      EXPECT_EQ(url.error().code, Code::forbidden);
      EXPECT_NE(url.error().message.find(std::to_string(port)), std::string::npos);
      EXPECT_NE(url.error().message.find("FAIRLEAD_ALLOW_NETWORKS"), std::string::npos);
    }
  }
}

// Goal: the port policy holds at dial too, and ends at allowed networks. Method: the same port in and out of one.
TEST(CheckDial, JudgesTheAddressAndThePort) {
  const auto guard = guard_allowing({"127.0.0.0/8"});
  const auto at = [](const char* text) { return boost::asio::ip::make_address(text); };
  EXPECT_TRUE(guard.check_dial(at("127.0.0.1"), 5432));
  EXPECT_TRUE(guard.check_dial(at("8.8.8.8"), 443));
  EXPECT_EQ(guard.check_dial(at("8.8.8.8"), 5432).error().reason, "port_refused");
  EXPECT_EQ(guard.check_dial(at("10.0.0.1"), 5432).error().reason, "address_refused");
}

}  // namespace
}  // namespace fairlead::net
