// Names: the resolver against a scripted DNS server, and what the client makes of its answers.
#include "common/net/resolver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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

std::future<Resolver::Answer> resolve(World& world, const std::string& name) {
  auto promise = std::make_shared<std::promise<Resolver::Answer>>();
  boost::asio::co_spawn(world.io, world.resolver->resolve(name),
                        [promise](const std::exception_ptr& error, Resolver::Answer found) {
                          error ? promise->set_exception(error) : promise->set_value(std::move(found));
                        });
  return promise->get_future();
}

// Returns when everything that was posted before has had its turn.
void pass_through(World& world) {
  std::promise<void> passed;
  boost::asio::post(world.io, [&] { passed.set_value(); });
  passed.get_future().wait();
}

std::vector<std::string> texts(const Resolver::Answer& found) {
  std::vector<std::string> out;
  for (const auto& address : found.value()) out.push_back(address.to_string());
  std::ranges::sort(out);
  return out;
}

// Goal: all addresses of both families come, once each, and unknown names and names without any are told apart from
// failures. Method: a zone of four names.
TEST(Resolver, GivesAddressesOfBothFamilies) {
  DnsServer dns([](const std::string& name) -> DnsAnswer {
    if (name == "both.example.test")
      return {.addresses = {"93.184.216.34", "93.184.216.35", "93.184.216.34", "2606:2800::1"}};
    if (name == "six.example.test") return {.addresses = {"2606:2800::2"}};
    if (name == "empty.example.test") return {};
    return {.is_unknown = true};
  });
  World world({.dns = asking(dns)});
  EXPECT_EQ(texts(resolve(world, "both.example.test").get()),
            (std::vector<std::string>{"2606:2800::1", "93.184.216.34", "93.184.216.35"}));
  EXPECT_EQ(texts(resolve(world, "six.example.test").get()), std::vector<std::string>{"2606:2800::2"});
  for (const auto* name : {"empty.example.test", "unknown.example.test"}) {
    const auto found = resolve(world, name).get();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Code::unavailable);
    EXPECT_EQ(found.error().reason, "dns_not_found");
    EXPECT_NE(found.error().message.find(name), std::string::npos);
  }
}

// Goal: a name is asked once while it is cached or being asked. Method: the server holds its answer until a hundred
// have asked, which a task behind them on the only thread tells; then again; counted questions.
TEST(Resolver, AsksOncePerName) {
  std::promise<void> everybody;
  const auto gate = everybody.get_future().share();
  DnsServer dns([gate](const std::string&) {
    gate.wait();
    return DnsAnswer{.addresses = {"93.184.216.34"}};
  });
  World world({.threads = 1, .dns = {.servers = {dns.address()}, .timeout = 10s, .tries = 1}});
  for (int round = 0; round < 2; ++round) {
    std::vector<std::future<Resolver::Answer>> answers;
    for (int i = 0; i < 100; ++i) answers.push_back(resolve(world, "one.example.test"));
    for (int turn = 0; turn < 3; ++turn) pass_through(world);
    if (round == 0) everybody.set_value();
    for (auto& each : answers) EXPECT_EQ(each.get().value().size(), 1U);
  }
  EXPECT_EQ(dns.questions(), 1);
  resolve(world, "two.example.test").get();
  EXPECT_EQ(dns.questions(), 2);
}

// Goal: a TTL of 0 counts as one second, and then the name is asked again. Method: poll until the second question, with
// a deadline.
TEST(Resolver, AsksAgainAfterTheTtl) {
  DnsServer dns([](const std::string&) { return DnsAnswer{.addresses = {"93.184.216.34"}, .ttl = 0}; });
  World world({.dns = asking(dns)});
  const auto started = Steady::now();
  while (dns.questions() < 2 && Steady::now() - started < 5s) ASSERT_TRUE(resolve(world, "short.example.test").get());
  EXPECT_EQ(dns.questions(), 2);
  EXPECT_GE(Steady::now() - started, 1s);
  EXPECT_LT(Steady::now() - started, 3s);
}

// Goal: silence ends as dns_failed after the resolver's timeout; the next names still resolve. Method: one silent name.
TEST(Resolver, GivesUpOnSilence) {
  DnsServer dns([](const std::string& name) {
    return name == "silent.example.test" ? DnsAnswer{.is_silent = true} : DnsAnswer{.addresses = {"93.184.216.34"}};
  });
  World world({.dns = asking(dns)});
  auto silent = resolve(world, "silent.example.test");
  EXPECT_TRUE(resolve(world, "loud.example.test").get());
  const auto found = silent.get();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, "dns_failed");
}

// Goal: stop() answers whoever waits, and everybody after. Method: a silent server and a long timeout.
TEST(Resolver, StopAnswersWhoeverWaits) {
  std::promise<void> asked;
  std::once_flag once;
  DnsServer dns([&](const std::string&) {
    std::call_once(once, [&] { asked.set_value(); });
    return DnsAnswer{.is_silent = true};
  });
  World world({.dns = {.servers = {dns.address()}, .timeout = 60s, .tries = 1}});
  auto waiting = resolve(world, "silent.example.test");
  asked.get_future().wait();
  world.resolver->stop();
  EXPECT_EQ(waiting.get().error().reason, "dns_failed");
  EXPECT_EQ(resolve(world, "later.example.test").get().error().reason, "dns_failed");
}

// Goal: names that are not clean never crash it. Method: odd texts straight to the resolver.
TEST(Resolver, SurvivesOddNames) {
  DnsServer dns([](const std::string&) { return DnsAnswer{.is_unknown = true}; });
  World world({.dns = asking(dns)});
  for (const auto& name : {std::string(), std::string("."), std::string(300, 'a'), std::string("a..b"),
                           std::string("\\"), std::string("a.onion")}) {
    EXPECT_FALSE(resolve(world, name).get()) << name;
  }
}

// Goal: a request to a name goes to its address, with the name as Host and the time of the look-up. Method: 127.0.0.1
// by name.
TEST(NamedHosts, AreDialledByTheirAddress) {
  DnsServer dns([](const std::string&) { return DnsAnswer{.addresses = {"127.0.0.1"}}; });
  std::promise<std::string> seen;
  ScriptedServer server([&](test::Peer& peer) {
    seen.set_value(peer.read_request());
    peer.send(answer(200));
  });
  World world({.dns = asking(dns)});
  const auto response = world.post(server.url("/in", "hooks.example.test"));
  EXPECT_EQ(response.status, 200) << response.error;
  EXPECT_EQ(response.address, "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_GT(response.phases.dns, 0);
  EXPECT_GE(response.phases.connect, response.phases.dns);
  EXPECT_NE(seen.get_future().get().find("\r\nHost: hooks.example.test:" + std::to_string(server.port()) + "\r\n"),
            std::string::npos);
}

// Goal: names that do not resolve fail as dns, within the deadline also when the server is silent. Method: both.
TEST(NamedHosts, FailAsDns) {
  DnsServer dns([](const std::string& name) {
    return name == "silent.example.test" ? DnsAnswer{.is_silent = true} : DnsAnswer{.is_unknown = true};
  });
  World world({.dns = {.servers = {dns.address()}, .timeout = 60s, .tries = 1}});
  const auto unknown = world.post("http://unknown.example.test/");
  EXPECT_EQ(unknown.failure, FailureClass::dns);
  EXPECT_NE(unknown.error.find("unknown.example.test"), std::string::npos);
  const auto started = Steady::now();
  EXPECT_EQ(world.post("http://silent.example.test/", {.timeout = 150ms}).failure, FailureClass::dns);
  EXPECT_LT(Steady::now() - started, 2s);
  EXPECT_GE(Steady::now() - started, 150ms);
  auto canceled = world.start("http://silent.example.test/", {.timeout = 60s});
  while (canceled.wait_for(1ms) != std::future_status::ready) world.client->cancel_all();
  EXPECT_EQ(canceled.get().failure, FailureClass::canceled);
}

// Goal: without the operator's word, loopback is refused, by address and by name, and nothing is dialled. Method: a
// canary.
TEST(Guard, IsAskedAtDial) {
  DnsServer dns(
      [](const std::string&) { return DnsAnswer{.addresses = {"127.0.0.1", "::1", "10.0.0.1", "169.254.169.254"}}; });
  ScriptedServer canary(always(answer(200)));
  World world({.allowed = {}, .dns = asking(dns)});
  for (const auto* host : {"127.0.0.1", "inside.example.test"}) {
    const auto response = world.post(canary.url("/in", host));
    EXPECT_EQ(response.failure, FailureClass::address_refused);
    EXPECT_NE(response.error.find("FAIRLEAD_ALLOW_NETWORKS"), std::string::npos) << response.error;
    EXPECT_EQ(response.address, "");
    EXPECT_EQ(response.phases.connect, -1);
  }
  EXPECT_EQ(canary.connections(), 0);
}

// Goal: of a name with allowed and refused addresses only the allowed are dialled, each in turn until one answers.
// Method: the canary listens at a refused loopback address (127.0.0.1); 127.0.0.2 and .3 are allowed and closed.
TEST(Guard, SkipsRefusedAddresses) {
  DnsServer dns([](const std::string&) { return DnsAnswer{.addresses = {"127.0.0.1", "127.0.0.2", "127.0.0.3"}}; });
  ScriptedServer canary(always(answer(200)));
  World strict({.allowed = {"127.0.0.2/31"}, .dns = asking(dns)});
  EXPECT_EQ(strict.post(canary.url("/in", "mixed.example.test")).failure, FailureClass::connect_refused);
  EXPECT_EQ(canary.connections(), 0);
  World open({.dns = asking(dns)});
  EXPECT_EQ(open.post(canary.url("/in", "mixed.example.test")).status, 200);
  EXPECT_EQ(canary.connections(), 1);
}

// Goal: an address whose connection hangs leaves time for the next, and alone is a connect_timeout. Method: a full
// queue.
TEST(NamedHosts, LeaveTimeForTheSecondAddress) {
  DnsServer dns([](const std::string& name) {
    if (name == "hanging.example.test") return DnsAnswer{.addresses = {"127.0.0.2"}};
    return DnsAnswer{.addresses = {"127.0.0.2", "127.0.0.1"}};
  });
  ScriptedServer server(always(answer(200)));
  const test::HangingListener hanging(server.port());
  World world({.dns = asking(dns)});
  const auto response = world.post(server.url("/in", "slow.example.test"), {.timeout = 600ms});
  EXPECT_EQ(response.status, 200) << response.error;
  EXPECT_EQ(response.address, "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_GE(response.phases.connect, 250'000);
  EXPECT_EQ(world.post(server.url("/in", "hanging.example.test"), {.timeout = 150ms}).failure,
            FailureClass::connect_timeout);
}

}  // namespace
}  // namespace fairlead::net
