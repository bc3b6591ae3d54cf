// A hostile DNS: whatever it answers, a request fails as dns in time or goes to an allowed address, never to another.
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/integration/common/net/client_world.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/scripted_server.hpp"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using test::always;
using test::answer;
using test::DnsAnswer;
using test::DnsServer;
using test::ScriptedServer;
using test::World;

ResolverOptions asking(const DnsServer& dns) { return {.servers = {dns.address()}, .timeout = 300ms, .tries = 1}; }

// Goal: answers that are failures, noise, cut off or lead nowhere are failures of class dns within the deadline, and
// the resolver goes on. Method: one name for each; then a good one.
TEST(HostileDns, FailsAsDns) {
  const std::pair<std::string, DnsAnswer> answers[] = {
      {"servfail.example.test", {.rcode = 2}},
      {"formerr.example.test", {.rcode = 1}},
      {"refused.example.test", {.rcode = 5}},
      {"unknown.example.test", {.is_unknown = true}},
      {"cut.example.test", {.is_truncated = true}},
      {"loop.example.test", {.is_looping = true, .aliases = 3}},
      {"nowhere.example.test", {.aliases = 15}},
      {"giant.example.test", {.addresses = {"127.0.0.1"}, .aliases = 1000}},
      {"noise.example.test", {.noise = std::string(400, '\xff')}},
      {"pointers.example.test",
       {.noise = std::string("\x81\x80\0\x01\xff\xff\0\0\0\0", 10) + std::string(400, '\xc0')}},
      {"short.example.test", {.noise = "\x81"}},
      {"silent.example.test", {.is_silent = true}},
  };
  DnsServer dns([&](const std::string& name) {
    for (const auto& [known, given] : answers) {
      if (known == name) return given;
    }
    return DnsAnswer{.addresses = {"127.0.0.1"}};
  });
  World world({.dns = asking(dns)});
  ScriptedServer server(always(answer(200)));
  for (const auto& [name, given] : answers) {
    const auto started = Steady::now();
    const auto response = world.post(server.url("/in", name), {.timeout = 2s});
    EXPECT_EQ(to_text(response.failure), "dns") << name << ": " << response.error;
    EXPECT_LT(Steady::now() - started, 5s) << name;
  }
  EXPECT_EQ(server.connections(), 0);
  EXPECT_EQ(world.post(server.url("/in", "good.example.test")).status, 200);
}

// Goal: a long chain of aliases is followed within one answer, and the guard judges where it leads. Method: 15 aliases
// to an allowed and to a refused address.
TEST(HostileDns, JudgesWhereAliasesLead) {
  DnsServer dns([](const std::string& name) {
    return DnsAnswer{.addresses = {name.starts_with("good") ? "127.0.0.1" : "127.0.0.2"}, .aliases = 15};
  });
  ScriptedServer server(always(answer(200)));
  const ScriptedServer canary(always(answer(200)), nullptr, {.address = "127.0.0.2", .port = server.port()});
  World world({.allowed = {"127.0.0.1/32"}, .dns = asking(dns)});
  EXPECT_EQ(world.post(server.url("/in", "good.example.test")).status, 200);
  EXPECT_EQ(world.post(server.url("/in", "bad.example.test")).failure, FailureClass::address_refused);
  EXPECT_EQ(canary.connections(), 0);
}

// Goal: a name that first leads to an allowed and then to a refused address (rebinding) is refused at the dial. Method:
// the answer changes after the first; each request is on a new connection, until the first answer's time has passed.
TEST(HostileDns, CannotRebind) {
  std::atomic<bool> is_rebound = false;
  DnsServer dns(
      [&](const std::string&) { return DnsAnswer{.addresses = {is_rebound ? "127.0.0.2" : "127.0.0.1"}, .ttl = 0}; });
  ScriptedServer server(always(answer(200)));
  const ScriptedServer canary(always(answer(200)), nullptr, {.address = "127.0.0.2", .port = server.port()});
  World world({.allowed = {"127.0.0.1/32"}, .dns = asking(dns)});
  EXPECT_EQ(world.post(server.url("/in", "rebind.example.test"), {.is_fresh = true}).status, 200);
  is_rebound = true;
  const auto until = Steady::now() + 5s;
  ClientResponse response;
  do {
    response = world.post(server.url("/in", "rebind.example.test"), {.is_fresh = true});
  } while (response.status == 200 && Steady::now() < until);
  EXPECT_EQ(to_text(response.failure), "address_refused") << response.error;
  EXPECT_EQ(response.address, "");
  EXPECT_EQ(canary.connections(), 0);
}

// Goal: of many addresses, the refused are never dialled, however they are mixed. Method: both families and both
// orders; the allowed one answers, a canary at the refused counts.
TEST(HostileDns, MixesInVain) {
  DnsServer dns([](const std::string& name) -> DnsAnswer {
    if (name.starts_with("first")) return {.addresses = {"127.0.0.2", "127.0.0.1", "::1", "10.0.0.1"}};
    if (name.starts_with("mapped")) return {.addresses = {"::ffff:127.0.0.1", "::ffff:127.0.0.2", "64:ff9b::7f00:2"}};
    return {.addresses = {"127.0.0.1", "169.254.169.254", "127.0.0.2", "fe80::1"}};
  });
  ScriptedServer server(always(answer(200)));
  const ScriptedServer canary(always(answer(200)), nullptr, {.address = "127.0.0.2", .port = server.port()});
  World world({.allowed = {"127.0.0.1/32"}, .dns = asking(dns)});
  for (const auto* name : {"first.example.test", "last.example.test"}) {
    for (int round = 0; round < 5; ++round) {
      const auto response = world.post(server.url("/in", name), {.is_fresh = true});
      EXPECT_EQ(response.status, 200) << response.error;
      EXPECT_EQ(response.address, "127.0.0.1:" + std::to_string(server.port()));
    }
  }
  EXPECT_EQ(world.post(server.url("/in", "mapped.example.test")).failure, FailureClass::address_refused);
  EXPECT_EQ(canary.connections(), 0);
}

}  // namespace
}  // namespace fairlead::net
