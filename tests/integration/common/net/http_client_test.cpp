// The outgoing half against a scripted server: what is sent, and how answers are read.
#include "common/net/http_client.hpp"

#include <gtest/gtest.h>

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

// Goal: the request on the wire is exactly what was asked for, framed by the client. Method: the server keeps what it
// read.
TEST(Post, SendsTheRequestAndReadsTheAnswer) {
  std::promise<std::string> seen;
  ScriptedServer server([&](Peer& peer) {
    seen.set_value(peer.read_request());
    peer.send(answer(201, "thanks", "X-Kind: test\r\n"));
  });
  World world;
  const auto response = world.post(server.url("/in?a=1"), {.headers = {{"Content-Type", "application/json"},
                                                                       {"X-Own", "one"},
                                                                       {"Host", "evil"},
                                                                       {"content-length", "3"},
                                                                       {"Connection", "close"}}});
  EXPECT_EQ(seen.get_future().get(),
            "POST /in?a=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                "\r\nContent-Type: application/json\r\nX-Own: one\r\nContent-Length: 7\r\n\r\n{\"a\":1}");
  EXPECT_EQ(response.failure, FailureClass::none);
  EXPECT_EQ(response.error, "");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.reason, "Scripted");
  EXPECT_EQ(response.body, "thanks");
  EXPECT_FALSE(response.body_truncated);
  EXPECT_FALSE(response.reused);
  EXPECT_EQ(response.address, "127.0.0.1:" + std::to_string(server.port()));
  const HeaderList headers{{"Content-Length", "6"}, {"X-Kind", "test"}};
  EXPECT_EQ(response.headers, headers);
  EXPECT_EQ(response.phases.dns, -1);
  EXPECT_EQ(response.phases.tls, -1);
  EXPECT_GT(response.phases.connect, 0);
  EXPECT_GE(response.phases.first_byte, response.phases.connect);
  EXPECT_GE(response.phases.total, response.phases.first_byte);
}

// Goal: no header can break out of its line, and nothing is sent. Method: each bad byte in a name and in a value.
TEST(Post, RefusesHeadersThatCannotBeSent) {
  ScriptedServer server(always(answer(200)));
  World world;
  const HeaderList bad{{"X-A", "b\r\nX-C: d"}, {"X-A", "b\nc"}, {"X-A", std::string("b\0c", 3)},
                       {"X-A\r\nX-B", "c"},    {"", "c"},       {"X A", "c"},
                       {"X:A", "c"},           {"X-A", "b\rc"}};
  for (const auto& header : bad) {
    const auto response = world.post(server.url(), {.headers = {header}});
    EXPECT_EQ(response.failure, FailureClass::internal);
    EXPECT_NE(response.error.find("cannot be sent"), std::string::npos);
  }
  EXPECT_EQ(server.connections(), 0);
}

// Goal: a large body arrives whole. Method: 1 MiB, compared at the server.
TEST(Post, SendsALargeBody) {
  std::promise<std::string> seen;
  ScriptedServer server([&](Peer& peer) {
    seen.set_value(peer.read_request());
    peer.send(answer(200));
  });
  World world;
  std::string body(1024 * 1024, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  EXPECT_EQ(world.post(server.url(), {.body = body}).failure, FailureClass::none);
  EXPECT_TRUE(seen.get_future().get().ends_with("\r\n\r\n" + body));
}

// Goal: an answer other than 2xx is a failure with its status, and a redirect is not followed. Method: statuses in
// turn.
TEST(Post, ReportsOtherStatusesAndFollowsNothing) {
  ScriptedServer trap(always(answer(200)));
  World world;
  for (const int status : {204, 301, 302, 307, 400, 410, 429, 500, 503}) {
    ScriptedServer server(always(status == 204
                                     ? std::string("HTTP/1.1 204 No\r\n\r\n")
                                     : answer(status, "why", "Location: " + trap.url() + "\r\nRetry-After: 7\r\n")));
    const auto response = world.post(server.url());
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.failure, status == 204 ? FailureClass::none : FailureClass::http_status);
    EXPECT_EQ(response.error.empty(), status == 204);
    EXPECT_EQ(response.body, status == 204 ? "" : "why");
  }
  EXPECT_EQ(trap.connections(), 0);
}

// Goal: chunked answers, answers until close and old answers are read. Method: one of each, in pieces.
TEST(Post, ReadsEveryFraming) {
  World world;
  ScriptedServer in_chunks([](Peer& peer) {
    peer.read_request();
    for (const auto* piece : {"HTTP/1.1 200 OK\r\nTransfer-", "Encoding: chunked\r\n\r", "\n4;ext=1\r\nWi", "ki\r",
                              "\n5\r\npedia\r\n0\r\nTrailer: x\r\n\r\n"}) {
      peer.send(piece);
    }
    peer.wait_until_closed();
  });
  EXPECT_EQ(world.post(in_chunks.url()).body, "Wikipedia");
  ScriptedServer until_close([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\nall of it");
  });
  const auto closed = world.post(until_close.url());
  EXPECT_EQ(closed.failure, FailureClass::none);
  EXPECT_EQ(closed.body, "all of it");
  ScriptedServer old([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold");
  });
  EXPECT_EQ(world.post(old.url()).body, "old");
  world.client->close_idle();
}

// Goal: cancel_all ends what is under way at once, and only that. Method: requests held by the server, then a new one.
TEST(CancelAll, EndsEveryRequestUnderWay) {
  std::atomic<int> held = 0;
  std::promise<void> all;
  ScriptedServer server([&](Peer& peer) {
    if (peer.number > 10) return always(answer(200))(peer);
    peer.read_request();
    if (++held == 10) all.set_value();
    peer.wait_until_closed();
  });
  World world;
  std::vector<std::future<ClientResponse>> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(world.start(server.url(), {.timeout = 60s}));
  all.get_future().wait();
  const auto started = Steady::now();
  world.client->cancel_all();
  for (auto& each : answers) EXPECT_EQ(each.get().failure, FailureClass::canceled);
  EXPECT_LT(Steady::now() - started, 2s);
  EXPECT_EQ(world.post(server.url()).status, 200);
}

// Goal: many requests at once from several threads share connections without mixing up answers. Method: the server
// echoes each body; 200 requests, five times over.
TEST(Post, ServesManyAtOnce) {
  ScriptedServer server([](Peer& peer) {
    for (auto request = peer.read_request(); !request.empty(); request = peer.read_request()) {
      if (!peer.send(answer(200, request.substr(request.find("\r\n\r\n") + 4)))) return;
    }
  });
  World world({.threads = 4, .client = {.idle_per_host_max = 200}});
  for (int round = 0; round < 5; ++round) {
    std::vector<std::future<ClientResponse>> answers;
    for (int i = 0; i < 200; ++i)
      answers.push_back(world.start(server.url(), {.body = "body " + std::to_string(i), .timeout = 20s}));
    for (int i = 0; i < 200; ++i) {
      const auto response = answers[static_cast<std::size_t>(i)].get();
      ASSERT_EQ(response.failure, FailureClass::none) << response.error;
      EXPECT_EQ(response.body, "body " + std::to_string(i));
    }
  }
  EXPECT_LE(server.connections(), 400);
}

// Goal: every class has a name of its own that reads back. Method: the whole closed list.
TEST(FailureClassText, RoundTrips) {
  for (int i = 0; i <= static_cast<int>(FailureClass::internal); ++i) {
    const auto failure = static_cast<FailureClass>(i);
    EXPECT_EQ(failure_class_from(to_text(failure)), failure);
  }
  EXPECT_EQ(failure_class_from("unheard of"), FailureClass::internal);
}

}  // namespace
}  // namespace fairlead::net
