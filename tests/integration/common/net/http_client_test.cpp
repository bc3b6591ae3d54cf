// The outgoing half against a scripted server: what is sent, how answers are read, how connections are kept.
#include "common/net/http_client.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

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

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string chunked(const std::string& chunks, const std::string& headers = {}) {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + headers + "\r\n" + chunks;
}

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

// Goal: interim answers are skipped, but not without end. Method: 100 and 103 before a 200; then 1xx for ever; then
// 101.
TEST(Post, SkipsInterimAnswers) {
  World world;
  ScriptedServer polite([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer(202, "done"));
  });
  const auto response = world.post(polite.url());
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.headers.size(), 1U);
  ScriptedServer endless([](Peer& peer) {
    peer.read_request();
    while (peer.send("HTTP/1.1 103 Early Hints\r\n\r\n")) {
    }
  });
  EXPECT_EQ(world.post(endless.url()).failure, FailureClass::invalid_response);
  ScriptedServer upgrade(always("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
  EXPECT_EQ(world.post(upgrade.url()).failure, FailureClass::invalid_response);
}

// Goal: a body beyond the maximum is cut there, and a 2xx stays one. Method: exactly the maximum, one more, and without
// end.
TEST(Post, CutsTheBodyAtTheMaximum) {
  World world({.client = {.response_bytes_max = 1000}});
  ScriptedServer exact(always(answer(200, std::string(1000, 'a'))));
  const auto whole = world.post(exact.url());
  EXPECT_EQ(whole.body.size(), 1000U);
  EXPECT_FALSE(whole.body_truncated);
  ScriptedServer more(always(answer(200, std::string(1001, 'a'))));
  const auto cut = world.post(more.url());
  EXPECT_EQ(cut.failure, FailureClass::none);
  EXPECT_EQ(cut.body, std::string(1000, 'a'));
  EXPECT_TRUE(cut.body_truncated);
  EXPECT_FALSE(world.post(more.url()).reused);
  ScriptedServer endless([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    while (peer.send(std::string(1000, 'e'))) {
    }
  });
  const auto stopped = world.post(endless.url());
  EXPECT_EQ(stopped.status, 200);
  EXPECT_EQ(stopped.failure, FailureClass::none);
  EXPECT_TRUE(stopped.body_truncated);
  ScriptedServer dust([](Peer& peer) {  // framing without end and hardly a body
    peer.read_request();
    peer.send(chunked("1\r\na\r\n"));
    while (peer.send("1;" + std::string(500, 'x') + "\r\na\r\n")) {
    }
  });
  EXPECT_TRUE(world.post(dust.url()).body_truncated);
}

// Goal: gzip is decoded, in pieces and in members, and a bomb ends at the maximum. Method: counted sizes; broken
// codings fail.
TEST(Post, DecodesGzipWithinItsBounds) {
  World world({.client = {.response_bytes_max = 100'000}});
  const auto coded = [](const std::string& body) { return answer(200, body, "Content-Encoding: gzip\r\n"); };
  ScriptedServer good(always(coded(gzip("hello ") + gzip("world"))));
  EXPECT_EQ(world.post(good.url()).body, "hello world");
  ScriptedServer byte_by_byte([&](Peer& peer) {
    peer.read_request();
    for (const char c : coded(gzip("slowly"))) peer.send({&c, 1});
    peer.wait_until_closed();
  });
  EXPECT_EQ(world.post(byte_by_byte.url()).body, "slowly");
  world.client->close_idle();
  ScriptedServer bomb(always(coded(gzip(std::string(50'000'000, '0')))));
  const auto burst = world.post(bomb.url());
  EXPECT_EQ(burst.failure, FailureClass::none);
  EXPECT_TRUE(burst.body == std::string(100'000, '0'));
  EXPECT_TRUE(burst.body_truncated);
  ScriptedServer empty(always(coded("")));
  EXPECT_EQ(world.post(empty.url()).failure, FailureClass::none);
  std::string damaged = gzip("hello world, hello world");
  damaged[12] = static_cast<char>(damaged[12] ^ 0x5a);
  const auto half = gzip("hello world").substr(0, 15);
  for (const auto& body : {std::string("not gzip at all"), damaged, half}) {
    ScriptedServer broken(always(coded(body)));
    const auto response = world.post(broken.url());
    EXPECT_EQ(response.failure, FailureClass::invalid_response);
    EXPECT_EQ(response.status, 200);
    EXPECT_NE(response.error.find("gzip"), std::string::npos);
  }
  ScriptedServer other(always(answer(200, "raw", "Content-Encoding: br\r\n")));
  EXPECT_EQ(world.post(other.url()).body, "raw");
}

// Goal: what is no HTTP, or too much of it, is an invalid response. Method: a table of answers.
TEST(Post, RefusesWhatIsNoAnswer) {
  World world({.client = {.header_bytes_max = 4096}});
  const std::string answers[] = {
      "SSH-2.0-OpenSSH_9.2\r\n",
      "garbage garbage garbage\r\n\r\n",
      "HTTP/1.1 abc OK\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(5000, 'x') + "\r\n\r\n",
      chunked("zz\r\n"),
      chunked("fffffffffffffffff\r\n"),
      chunked("1\r\nab\r\n0\r\n\r\n"),
  };
  for (const auto& text : answers) {
    ScriptedServer server([&](Peer& peer) {
      peer.read_request();
      peer.send(text);
      peer.wait_until_closed();
    });
    const auto response = world.post(server.url(), {.timeout = 3s});
    EXPECT_EQ(response.failure, FailureClass::invalid_response) << text.substr(0, 60) << ": " << response.error;
    EXPECT_FALSE(response.error.empty());
  }
  ScriptedServer endless([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("X-More: and more\r\n")) {
    }
  });
  EXPECT_EQ(world.post(endless.url()).failure, FailureClass::invalid_response);
}

// Goal: an incomplete answer within the deadline is response_timeout, promptly, at every stage. Method: silence at
// each.
TEST(Post, TimesOut) {
  World world;
  for (const auto& begin : {std::string(), std::string("HTTP/1.1 2"), std::string("HTTP/1.1 200 OK\r\nContent-Le"),
                            std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), chunked("5\r\nhal")}) {
    ScriptedServer server([&](Peer& peer) {
      peer.read_request();
      peer.send(begin);
      peer.wait_until_closed();
    });
    const auto started = Steady::now();
    const auto response = world.post(server.url(), {.timeout = 150ms});
    EXPECT_EQ(response.failure, FailureClass::response_timeout) << begin;
    EXPECT_NE(response.error.find("150 ms"), std::string::npos);
    EXPECT_GE(Steady::now() - started, 150ms);
    EXPECT_LT(Steady::now() - started, 2s);
  }
  ScriptedServer dripping([](Peer& peer) {  // always some progress, never an end
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nX: ");
    for (std::promise<void> never; never.get_future().wait_for(5ms) == std::future_status::timeout && peer.send("x");) {
      never = {};
    }
  });
  EXPECT_EQ(world.post(dripping.url(), {.timeout = 150ms}).failure, FailureClass::response_timeout);
}

// Goal: a connection that breaks is told apart by when. Method: nobody listens; reset or closed before and within the
// answer.
TEST(Post, TellsRefusalAndResetApart) {
  World world;
  std::string nobody;
  {
    nobody = ScriptedServer(always("")).url();
  }
  const auto refused = world.post(nobody);
  EXPECT_EQ(refused.failure, FailureClass::connect_refused);
  EXPECT_EQ(refused.status, 0);
  EXPECT_EQ("http://" + refused.address + "/in", nobody);
  for (const bool is_reset : {false, true}) {
    for (const auto& begin :
         {std::string(), std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), chunked("5\r\nhal")}) {
      ScriptedServer server([&](Peer& peer) {
        peer.read_request();
        peer.send(begin);
        if (is_reset) peer.reset();
      });
      const auto response = world.post(server.url());
      EXPECT_EQ(response.failure, FailureClass::connection_reset) << begin;
      EXPECT_EQ(server.connections(), 1) << "a new connection's request is not repeated";
    }
  }
}

// Goal: an answer that comes before the request was read is taken. Method: a server that answers at once and reads
// nothing, with a body larger than the socket's buffers; once it keeps the connection open, once it resets it.
TEST(Post, TakesAnEarlyAnswer) {
  World world;
  const std::string body(24 * 1024 * 1024, 'b');
  ScriptedServer patient([](Peer& peer) {
    peer.send(answer(413, "too large"));
    peer.wait_until_closed();
  });
  EXPECT_EQ(world.post(patient.url(), {.body = body}).status, 413);
  world.client->close_idle();
  std::promise<void> taken;
  auto is_taken = taken.get_future();
  ScriptedServer silent([&](Peer& peer) {
    peer.send(answer(413, "too large", "Connection: close\r\n"));
    is_taken.wait();
  });
  const auto response = world.post(silent.url(), {.body = body});
  taken.set_value();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, "too large");
  EXPECT_EQ(world.client->idle_connections(), 0U);
}

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
