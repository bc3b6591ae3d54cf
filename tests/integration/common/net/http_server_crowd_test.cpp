// A server with all its connections taken: slow clients make room for others.
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <vector>

#include "tests/integration/common/net/server_world.hpp"
#include "tests/support/raw_client.hpp"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using test::request;
using test::Server;

bool is_answered(RawClient& client) {
  client.send(request("GET /good"));
  return client.read_answer().ends_with("GET /good ");
}

// Goal: whoever waits, sends or reads slowly makes room for newcomers, by address and in all; a request that is being
// worked on is never cut. Method: every connection is taken by one client of each slow kind and one whose handler is
// held; newcomers come, and stay,
// until all the slow are gone.
TEST(CrowdedServer, ClosesTheSlowForNewcomers) {
  const std::string slow[] = {"", "GET / HTTP/1.1\r\nHo", request("POST /", "Content-Length: 10\r\n", "half"),
                              request("POST /", "Transfer-Encoding: chunked\r\n", "5\r\nha"), request("GET /large")};
  for (const bool is_per_address : {false, true}) {
    std::promise<void> entered, let_go;
    const auto gate = let_go.get_future().share();
    const HttpHandler handler = [&](std::shared_ptr<const HttpRequest> given) -> Task<HttpResponse> {
      if (given->path == "/busy") {
        entered.set_value();
        gate.wait();
      }
      if (given->path == "/large") co_return HttpResponse{.body = std::string(64 * 1024 * 1024, 'l')};
      co_return co_await test::echo(given);
    };
    HttpServerOptions options{.eviction_age = 0ms};
    (is_per_address ? options.connections_per_address_max : options.connections_max) = std::size(slow) + 1;
    Server server(options, handler, 3);
    RawClient busy(server.port());
    busy.send(request("GET /busy"));
    entered.get_future().wait();
    std::vector<std::unique_ptr<RawClient>> clients;
    for (const auto& text : slow) {
      clients.push_back(std::make_unique<RawClient>(server.port()));
      clients.back()->send(text);
      ASSERT_TRUE(server.comes_to(clients.size() + 1));
    }
    std::vector<std::unique_ptr<RawClient>> newcomers;
    const auto until = Steady::now() + 5s;
    while (!std::ranges::all_of(clients, [](const auto& client) { return client->is_ended(); })) {
      newcomers.push_back(std::make_unique<RawClient>(server.port()));
      ASSERT_TRUE(is_answered(*newcomers.back())) << newcomers.size();
      ASSERT_LE(server.server->connections(), std::size(slow) + 1);
      ASSERT_LT(Steady::now(), until);
    }
    EXPECT_GE(newcomers.size(), std::size(slow));
    let_go.set_value();
    EXPECT_TRUE(busy.read_answer().ends_with("GET /busy "));
  }
}

// Goal: it is the one that has waited the longest that goes, and nobody else. Method: one thread, so that the order in
// which connections begin to wait is known; an older and a younger idle one, then a newcomer.
TEST(CrowdedServer, ClosesTheOldestFirst) {
  Server server({.connections_max = 2, .eviction_age = 0ms}, &test::echo, 1);
  RawClient older(server.port());
  ASSERT_TRUE(server.comes_to(1));
  RawClient younger(server.port());
  ASSERT_TRUE(server.comes_to(2));
  RawClient newcomer(server.port());
  EXPECT_TRUE(is_answered(newcomer));
  EXPECT_TRUE(older.is_closed());
  EXPECT_TRUE(is_answered(younger));
  EXPECT_EQ(server.server->connections(), 2U);
}

// Goal: whoever has not waited for long is not closed for a newcomer, who is then refused; later there is room. Method:
// an age that passes within the test.
TEST(CrowdedServer, SparesTheYoung) {
  Server server({.connections_max = 1, .eviction_age = 400ms});
  const auto started = Steady::now();
  RawClient first(server.port());
  ASSERT_TRUE(server.comes_to(1));
  while (true) {
    RawClient newcomer(server.port());
    newcomer.send(request("GET /good"));
    if (!newcomer.read_answer().empty()) break;
    ASSERT_LT(Steady::now() - started, 5s);
  }
  EXPECT_GE(Steady::now() - started, 400ms);
  EXPECT_TRUE(first.is_closed());
}

}  // namespace
}  // namespace fairlead::net
