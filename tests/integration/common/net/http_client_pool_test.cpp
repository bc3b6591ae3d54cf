// Outgoing connections against a scripted server: kept, used again, bounded, and dropped.
#include <gtest/gtest.h>

#include <barrier>
#include <string>

#include "tests/integration/common/net/client_world.hpp"
#include "tests/support/scripted_server.hpp"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using test::always;
using test::answer;
using test::Peer;
using test::PostOptions;
using test::ScriptedServer;
using test::World;

// Goal: connections are kept and used again; a fresh one on demand. Method: counted connections.
TEST(Pool, ReusesConnections) {
  ScriptedServer server(always(answer(200, "ok")));
  World world;
  EXPECT_FALSE(world.post(server.url()).reused);
  for (int i = 0; i < 20; ++i) {
    const auto response = world.post(server.url());
    EXPECT_TRUE(response.reused);
    EXPECT_EQ(response.body, "ok");
    EXPECT_EQ(response.phases.connect, -1);
    EXPECT_EQ(response.address, "127.0.0.1:" + std::to_string(server.port()));
  }
  EXPECT_EQ(server.connections(), 1);
  EXPECT_FALSE(world.post(server.url(), {.is_fresh = true}).reused);
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(world.client->idle_connections(), 2U);
  world.client->close_idle();
  EXPECT_EQ(world.client->idle_connections(), 0U);
  EXPECT_FALSE(world.post(server.url()).reused);
}

// Goal: a connection that must not carry another request is not kept. Method: each reason in turn, then no idle
// connection.
TEST(Pool, KeepsOnlyCleanConnections) {
  World world;
  for (const auto& text :
       {answer(200, "x", "Connection: close\r\n"), std::string("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
        answer(200, "x") + "HTTP/1.1 200 smuggled\r\n\r\n", std::string("HTTP/1.1 200 OK\r\n\r\n")}) {
    ScriptedServer server([&](Peer& peer) {
      peer.read_request();
      peer.send(text);
      peer.close();
    });
    EXPECT_EQ(world.post(server.url()).status, 200);
    EXPECT_EQ(world.client->idle_connections(), 0U) << text;
  }
}

// Goal: a connection that the peer closed, or wrote to, while it was idle is not used again. Method: the test waits for
// both.
TEST(Pool, DropsConnectionsThatDidNotStayQuiet) {
  for (const bool is_written : {false, true}) {
    std::promise<void> spoiled;
    ScriptedServer server([&](Peer& peer) {
      while (!peer.read_request().empty()) {
        peer.send(answer(200));
        if (peer.number > 1) continue;
        is_written ? static_cast<void>(peer.send("HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n")) : peer.close();
        spoiled.set_value();
        if (is_written) peer.wait_until_closed();
        return;
      }
    });
    World world;
    EXPECT_EQ(world.post(server.url()).status, 200);
    spoiled.get_future().wait();
    const auto response = world.post(server.url());
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.reused);
    EXPECT_EQ(server.connections(), 2);
  }
}

// Goal: a reused connection that dies before any answer byte is replaced once, silently; after a byte it is not.
// Method: the server closes the first connection on reading its second request.
TEST(Pool, RepeatsOnceOnANewConnection) {
  for (const auto& begin : {std::string(), std::string("HTTP/1.1 200")}) {
    for (const bool is_reset : {false, true}) {
      ScriptedServer server([&](Peer& peer) {
        for (int count = 1; !peer.read_request().empty(); ++count) {
          if (peer.number == 1 && count == 2) {
            peer.send(begin);
            if (is_reset && begin.empty()) peer.reset();
            return;
          }
          peer.send(answer(200, "from " + std::to_string(peer.number)));
        }
      });
      World world;
      EXPECT_EQ(world.post(server.url()).body, "from 1");
      const auto response = world.post(server.url());
      if (begin.empty()) {
        EXPECT_EQ(response.body, "from 2");
        EXPECT_FALSE(response.reused);
        EXPECT_GT(response.phases.connect, 0);
      } else {
        EXPECT_EQ(response.failure, FailureClass::connection_reset);
        EXPECT_TRUE(response.reused);
        EXPECT_EQ(server.connections(), 1);
      }
    }
  }
}

// Goal: both bounds on idle connections hold. Method: eight requests at once to two servers, more than may stay idle.
TEST(Pool, BoundsIdleConnections) {
  const auto idle_after = [](const ClientOptions& options) {
    std::atomic<int> waiting = 0;
    std::promise<void> all;
    auto everybody = all.get_future().share();
    const test::Script together = [&](Peer& peer) {
      if (peer.read_request().empty()) return;
      if (++waiting == 8) all.set_value();
      everybody.wait();
      peer.send(answer(200));
      peer.wait_until_closed();
    };
    ScriptedServer one(together), two(together);
    World world({.client = options});
    std::vector<std::future<ClientResponse>> answers;
    for (int i = 0; i < 4; ++i) {
      answers.push_back(world.start(one.url()));
      answers.push_back(world.start(two.url()));
    }
    for (auto& each : answers) EXPECT_EQ(each.get().status, 200);
    return world.client->idle_connections();
  };
  EXPECT_EQ(idle_after({}), 8U);
  EXPECT_EQ(idle_after({.idle_per_host_max = 1}), 2U);
  EXPECT_EQ(idle_after({.idle_max = 3}), 3U);
}

// Goal: idle connections go after their time, without another request. Method: the server waits to see the close.
TEST(Pool, ClosesIdleConnectionsAfterTheirTime) {
  std::promise<void> closed;
  ScriptedServer server([&](Peer& peer) {
    peer.read_request();
    peer.send(answer(200));
    peer.wait_until_closed();
    closed.set_value();
  });
  World world({.client = {.idle_timeout = 1s}});
  EXPECT_EQ(world.post(server.url()).status, 200);
  EXPECT_EQ(world.client->idle_connections(), 1U);
  EXPECT_EQ(closed.get_future().wait_for(4s), std::future_status::ready);
  EXPECT_EQ(world.client->idle_connections(), 0U);
}

// Goal: endpoints that share a host keep their connections beyond what one of them may use. Method: 200 requests of
// which none is answered before all have come, twice: the second time nothing is dialled.
TEST(Pool, KeepsWhatManyEndpointsOfOneHostUse) {
  constexpr int kRequests = 200;
  std::barrier everybody(kRequests);
  ScriptedServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      everybody.arrive_and_wait();
      if (!peer.send(answer(200))) return;
    }
  });
  World world;
  for (int round = 0; round < 2; ++round) {
    std::vector<std::future<ClientResponse>> answers;
    for (int i = 0; i < kRequests; ++i) answers.push_back(world.start(server.url(), {.timeout = 30s}));
    for (auto& each : answers) EXPECT_EQ(each.get().status, 200);
  }
  EXPECT_EQ(server.connections(), kRequests);
}

}  // namespace
}  // namespace fairlead::net
