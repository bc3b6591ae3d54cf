// The incoming half with exact bytes over raw sockets: framing, bounds, deadlines, drain.
#include "common/net/http_server.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "tests/integration/common/net/server_world.hpp"
#include "tests/support/raw_client.hpp"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::echo;
using test::has;
using test::RawClient;
using test::request;
using test::Server;

// Goal: a request's parts reach the handler, and the answer is well framed and kept alive. Method: exact bytes.
TEST(HttpServer, AnswersAndKeepsTheConnection) {
  std::promise<std::shared_ptr<const HttpRequest>> seen;
  Server server({}, [&](std::shared_ptr<const HttpRequest> given) -> Task<HttpResponse> {
    if (given->method == http::verb::put) seen.set_value(given);
    return echo(given);
  });
  RawClient client(server.port());
  client.send(
      request("PUT /a/b?c=d", "X-One:  1 \r\nx-request-id: own-id\r\nX-One: 2\r\nContent-Length: 4\r\n", "body"));
  EXPECT_EQ(client.read_answer(),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Request-ID: own-id\r\nX-Content-Type-Options: nosniff\r\n"
            "Content-Length: 17\r\n\r\nPUT /a/b?c=d body");
  const auto given = seen.get_future().get();
  EXPECT_EQ(given->path, "/a/b");
  EXPECT_EQ(given->query, "c=d");
  EXPECT_EQ(given->header("x-one"), "1");
  EXPECT_EQ(given->headers.size(), 5U);
  EXPECT_EQ(given->remote_address, "127.0.0.1");
  client.send(request("GET /x"));
  const auto second = client.read_answer();
  EXPECT_TRUE(second.ends_with("GET /x "));
  EXPECT_TRUE(has(second, "X-Request-ID: "));
  EXPECT_EQ(server.server->connections(), 1U);
}

// Goal: two requests sent at once, and in single bytes, are answered in order. Method: one write; then byte by byte.
TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  Server server;
  RawClient client(server.port());
  const auto both = request("POST /1", "Content-Length: 3\r\n", "one") + "\r\n" +
                    request("POST /2", "Transfer-Encoding: chunked\r\n", "3\r\ntwo\r\n0\r\n\r\n") + request("GET /3");
  client.send(both);
  for (const auto* expected : {"POST /1 one", "POST /2 two", "GET /3 "})
    EXPECT_TRUE(client.read_answer().ends_with(expected));
  for (const char c : both) client.send({&c, 1});
  for (const auto* expected : {"POST /1 one", "POST /2 two", "GET /3 "})
    EXPECT_TRUE(client.read_answer().ends_with(expected));
}

// Goal: an empty line before a request is skipped however it arrives. Method: its two bytes by themselves; another
// connection's answers in between give the server time to read each of them alone.
TEST(HttpServer, SkipsAnEmptyLineInPieces) {
  Server server;
  RawClient client(server.port()), other(server.port());
  const auto let_it_read = [&] {
    other.send(request("GET /other"));
    EXPECT_TRUE(other.read_answer().ends_with("GET /other "));
  };
  for (int round = 0; round < 20; ++round) {
    for (const auto* piece : {"\r", "\n"}) {
      client.send(piece);
      let_it_read();
    }
    client.send(request("GET /x"));
    ASSERT_TRUE(client.read_answer().ends_with("GET /x ")) << round;
  }
}

// Goal: an empty chunked body may arrive in any pieces. Method: its last chunk cut at every byte; another connection's
// answers in between give the server time to read each piece alone.
TEST(HttpServer, ReadsAnEmptyChunkedBodyInPieces) {
  Server server;
  for (std::size_t cut = 1; cut < 5; ++cut) {
    RawClient client(server.port()), other(server.port());
    const std::string_view last = "0\r\n\r\n";
    for (const auto& piece : {request("POST /", "Transfer-Encoding: chunked\r\n") + std::string(last.substr(0, cut)),
                              std::string(last.substr(cut, 1)), std::string(last.substr(cut + 1))}) {
      client.send(piece);
      other.send(request("GET /other"));
      EXPECT_TRUE(other.read_answer().ends_with("GET /other "));
    }
    EXPECT_TRUE(client.read_answer().ends_with("POST / ")) << cut;
  }
}

// Goal: a chunk's size counts once, also where its line is looked at again and again. Method: a size that the maximum
// holds twice, in a line whose quote is closed late, in pieces; another connection's answers in between as above.
TEST(HttpServer, CountsAChunkOnce) {
  Server server({.body_bytes_max = 10'000});
  RawClient client(server.port()), other(server.port());
  for (const auto& piece :
       {request("POST /", "Transfer-Encoding: chunked\r\n", "1000;a=\"\r\n"), "x"s, "x"s, "x"s, "\"x"s}) {
    client.send(piece);
    other.send(request("GET /other"));
    EXPECT_TRUE(other.read_answer().ends_with("GET /other "));
  }
  const auto answer = client.read_answer();
  EXPECT_TRUE(has(answer, "\"code\":\"malformed_body\"")) << answer;
}

// Goal: shapes that two parsers could frame differently are refused and the connection is closed, without the handler.
// Method: each shape followed by a request that must not be answered.
TEST(HttpServer, RefusesAmbiguousFraming) {
  std::atomic<int> calls = 0;
  Server server({}, [&](std::shared_ptr<const HttpRequest> given) -> Task<HttpResponse> {
    ++calls;
    return echo(given);
  });
  const std::string shapes[] = {
      request("POST /", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      request("POST /", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
      request("POST /", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
      request("POST /", "Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"),
      request("POST /", "Content-Length: 1\r\nContent-Length: 1\r\n", "a"),
      request("POST /", "Content-Length: +1\r\n", "a"),
      request("POST /", "Content-Length : 1\r\n", "a"),
      request("POST /", "X: a\r\n b\r\n"),
      request("POST /", "X: a\nY: b\r\n"),
      "POST / HTTP/1.1\nHost: test\n\n",
      "POST / HTTP/1.1\r\n\r\n",
      "POST /a b HTTP/1.1\r\nHost: test\r\n\r\n",
      "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03\r\n\r\n",
      request("POST /", "Transfer-Encoding: chunked\r\n", "zz\r\n"),
      request("POST /", "Transfer-Encoding: chunked\r\n", "-1\r\n"),
      request("POST /", "Transfer-Encoding: chunked\r\n", "11111111111111111\r\n"),
      request("POST /", "Transfer-Encoding: chunked\r\n", "1\r\nab\r\n0\r\n\r\n"),
      request("POST /", "Transfer-Encoding: chunked\r\n", "1\nab\n0\n\n"),
  };
  for (const auto& shape : shapes) {
    RawClient client(server.port());
    client.send(shape + request("GET /smuggled"));
    client.finish();
    const auto answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << shape << "\n" << answer;
    EXPECT_TRUE(has(answer, "Connection: close\r\n"));
    EXPECT_TRUE(has(answer, "\"status\":false"));
    EXPECT_TRUE(client.is_closed()) << shape;
  }
  EXPECT_EQ(calls, 0);
}

// Goal: what is too large is refused with its own status before the rest is read. Method: the rest is never sent.
TEST(HttpServer, RefusesWhatIsTooLarge) {
  Server server({.header_bytes_max = 4096, .header_count_max = 20, .target_bytes_max = 1000, .body_bytes_max = 10'000});
  std::string many;
  for (int i = 0; i < 30; ++i) many += "X-" + std::to_string(i) + ": a\r\n";
  struct Case {
    std::string sent, status, code;
  };
  const Case cases[] = {
      {request("POST /", "Content-Length: 10001\r\n"), "413", "payload_too_large"},
      {request("POST /", "Content-Length: 999999999999999\r\nExpect: 100-continue\r\n"), "413", "payload_too_large"},
      {request("POST /", "Transfer-Encoding: chunked\r\n", "2711\r\n"), "413", "payload_too_large"},
      {request("POST /", "Transfer-Encoding: chunked\r\n", "2710\r\n" + std::string(10'000, 'a') + "\r\n1\r\n"), "413",
       "payload_too_large"},
      {request("POST /", "X: " + std::string(5000, 'x') + "\r\n"), "431", "headers_too_large"},
      {"POST / HTTP/1.1\r\nX: " + std::string(5000, 'x'), "431", "headers_too_large"},
      {request("POST /", many), "431", "too_many_headers"},
      {request("POST /" + std::string(1000, 'p')), "414", "target_too_long"},
      {request("POST /", "Transfer-Encoding: chunked\r\n", "1;" + std::string(200'000, 'x')), "400", "malformed_body"},
  };
  for (const auto& each : cases) {
    RawClient client(server.port());
    client.send(each.sent);
    const auto answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + each.status + " ")) << each.sent.substr(0, 80) << "\n" << answer;
    EXPECT_TRUE(has(answer, "\"code\":\"" + each.code + "\"")) << answer;
    EXPECT_TRUE(has(answer, "Connection: close\r\n"));
  }
  RawClient client(server.port());
  client.send(request("POST /", "Content-Length: 10000\r\n", std::string(10'000, 'a')));
  EXPECT_TRUE(client.read_answer().ends_with(std::string(10'000, 'a')));
  client.send(
      request("POST /", "Transfer-Encoding: chunked\r\n", "2710\r\n" + std::string(10'000, 'b') + "\r\n0\r\n\r\n"));
  EXPECT_TRUE(client.read_answer().ends_with(std::string(10'000, 'b')));
}

// Goal: a refused upload is answered although the client keeps sending, so that it sees the reason. Method: 400 kB
// against 413.
TEST(HttpServer, AnswersBeforeTheRestIsRead) {
  Server server({.body_bytes_max = 10'000});
  RawClient client(server.port());
  client.send(request("POST /", "Content-Length: 400000\r\n", std::string(400'000, 'a')));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 413 "));
}

// Goal: a trailer cannot pose as a header. Method: a trailer of a name that handlers trust.
TEST(HttpServer, DropsTrailers) {
  std::promise<bool> seen;
  Server server({}, [&](std::shared_ptr<const HttpRequest> given) -> Task<HttpResponse> {
    seen.set_value(given->header("Authorization").has_value());
    return echo(given);
  });
  RawClient client(server.port());
  client.send(request("POST /", "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n",
                      "1\r\na\r\n0\r\nAuthorization: Bearer x\r\n\r\n"));
  EXPECT_TRUE(client.read_answer().ends_with("POST / a"));
  EXPECT_FALSE(seen.get_future().get());
}

// Goal: whoever asks for leave to send gets it, once. Method: the body is sent only after 100.
TEST(HttpServer, GivesLeaveToContinue) {
  Server server;
  RawClient client(server.port());
  client.send(request("POST /", "Expect: 100-continue\r\nContent-Length: 2\r\n"));
  EXPECT_EQ(client.read_answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_TRUE(client.read_answer().ends_with("POST / ok"));
}

// Goal: HEAD and 204 carry no body, so the next answer begins where it should. Method: another request on the
// connection.
TEST(HttpServer, SendsNoBodyWhereNoneBelongs) {
  Server server;
  RawClient client(server.port());
  client.send(request("HEAD /x") + request("GET /empty") + request("GET /last"));
  client.send(request("GET /close"));
  const auto all = client.read_rest();
  EXPECT_TRUE(has(all, "Content-Length: 8\r\n\r\nHTTP/1.1 204 No Content\r\n")) << all;
  EXPECT_TRUE(has(all, "nosniff\r\n\r\nHTTP/1.1 200 OK\r\n")) << all;
  EXPECT_TRUE(has(all, "GET /last HTTP/1.1 200 OK\r\n")) << all;
}

// Goal: an exception is a 500 without its text, and a handler's header cannot break its line. Method: a handler with
// both.
TEST(HttpServer, HidesWhatAHandlerThrew) {
  Server server;
  RawClient client(server.port());
  client.send(request("GET /throw"));
  const auto answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 "));
  EXPECT_FALSE(has(answer, "secret"));
  client.send(request("GET /bad-header"));
  EXPECT_TRUE(has(client.read_answer(), "X-Bad: a  X-Injected: b\r\n"));
}

// Goal: the connection closes when either side wants it to. Method: Connection: close, HTTP/1.0, and the handler's
// wish.
TEST(HttpServer, ClosesWhenAsked) {
  Server server;
  for (const auto& text : {request("GET /", "Connection: keep-alive, Close\r\n"), std::string("GET / HTTP/1.0\r\n\r\n"),
                           std::string("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), request("GET /close")}) {
    RawClient client(server.port());
    client.send(text);
    EXPECT_TRUE(has(client.read_answer(), "Connection: close\r\n"));
    EXPECT_TRUE(client.is_closed());
  }
}

// Goal: slow headers and bodies get a 408, idle connections are closed silently, all in time. Method: one-second
// bounds; the clients send a little now and then, or nothing.
TEST(HttpServer, BoundsSlowClients) {
  Server server({.header_timeout = 1s, .body_timeout = 1s, .idle_timeout = 1s});
  const auto started = Steady::now();
  RawClient idle(server.port()), header(server.port()), body(server.port()), chunk(server.port());
  header.send("GET / HTTP/1.1\r\nHo");
  body.send(request("POST /", "Content-Length: 10\r\n", "half"));
  chunk.send(request("POST /", "Transfer-Encoding: chunked\r\n", "5\r\nha"));
  for (auto* slow : {&header, &body, &chunk}) {
    const auto answer = slow->read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
    EXPECT_TRUE(has(answer, "\"code\":\"request_timeout\""));
  }
  EXPECT_TRUE(idle.is_closed());
  EXPECT_GE(Steady::now() - started, 1s);
  EXPECT_LT(Steady::now() - started, 5s);
}

// Goal: connections beyond the bounds are closed at once, and room that is left again is used. Method: bounds of 3
// and 2.
TEST(HttpServer, BoundsConnections) {
  for (const bool is_per_address : {false, true}) {
    HttpServerOptions options;
    (is_per_address ? options.connections_per_address_max : options.connections_max) = 2;
    Server server(options);
    RawClient refused_later(server.port());
    auto second = std::make_optional<RawClient>(server.port());
    for (auto* client : {&refused_later, &*second}) {
      client->send(request("GET /"));
      EXPECT_FALSE(client->read_answer().empty());
    }
    RawClient third(server.port());
    EXPECT_TRUE(third.is_closed());
    second.reset();
    ASSERT_TRUE(server.comes_to(1));
    RawClient fourth(server.port());
    fourth.send(request("GET /"));
    EXPECT_FALSE(fourth.read_answer().empty());
  }
}

// Goal: drain closes idle connections, lets the request under way end with Connection: close, and accepts nobody more.
// Method: a handler that holds its thread until the test lets go.
TEST(HttpServer, DrainsWithoutCuttingAnAnswer) {
  std::promise<void> entered, let_go;
  const auto gate = let_go.get_future().share();
  const HttpHandler handler = [&](std::shared_ptr<const HttpRequest> given) -> Task<HttpResponse> {
    entered.set_value();
    gate.wait();
    return echo(given);
  };
  Server server({}, handler, 3);
  RawClient idle(server.port()), busy(server.port());
  ASSERT_TRUE(server.comes_to(2));
  busy.send(request("POST /busy", "Content-Length: 1\r\n", "x"));
  entered.get_future().wait();
  server.server->drain();
  EXPECT_TRUE(idle.is_closed());
  bool is_refused = false;
  try {
    RawClient late(server.port());
    is_refused = late.is_closed();
  } catch (const std::runtime_error&) {
    is_refused = true;
  }
  EXPECT_TRUE(is_refused);
  let_go.set_value();
  const auto answer = busy.read_answer();
  EXPECT_TRUE(answer.ends_with("POST /busy x"));
  EXPECT_TRUE(has(answer, "Connection: close\r\n"));
  EXPECT_TRUE(busy.is_closed());
}

// Goal: many connections on several threads are answered without mixing. Method: 64 clients, 50 requests each, own
// bodies.
TEST(HttpServer, ServesManyAtOnce) {
  Server server({}, &echo, 4);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> clients;
  for (int number = 0; number < 64; ++number) {
    clients.emplace_back([&, number] {
      RawClient client(server.port());
      for (int i = 0; i < 50; ++i) {
        const auto body = std::to_string(number) + ":" + std::to_string(i);
        client.send(request("POST /", "Content-Length: " + std::to_string(body.size()) + "\r\n", body));
        if (!client.read_answer().ends_with("POST / " + body)) ++wrong;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(server.comes_to(0));
}

// Goal: an address that cannot be bound is named. Method: a port that is taken, and a text that is no address.
TEST(HttpServer, NamesAnAddressItCannotBind) {
  Server taken;
  boost::asio::io_context io;
  HttpServer second(io, {.listen = {.address = "127.0.0.1", .port = taken.port()}}, &echo);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::unavailable);
  EXPECT_TRUE(has(started.error().message, "127.0.0.1:" + std::to_string(taken.port())));
  HttpServer third(io, {.listen = {.address = "nowhere", .port = 1}}, &echo);
  EXPECT_EQ(third.start().error().code, Code::invalid);
}

}  // namespace
}  // namespace fairlead::net
