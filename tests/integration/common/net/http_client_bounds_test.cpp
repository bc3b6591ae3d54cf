// Answers that are slow, broken, too much or no answers at all: each ends within its bounds, as the right failure.
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
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
      std::string("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", 27),
      "HTTP/1.1 200OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 200 " + std::string(5000, 'k') + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
      chunked("-1\r\n"),
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

// Goal: a chunked answer that ends within its last chunk is a reset, and an empty one is read in any pieces. Method:
// closed after each byte of the last chunk; then sent byte by byte.
TEST(Post, ReadsTheLastChunkInPieces) {
  World world;
  const std::string last = "0\r\n\r\n";
  for (std::size_t size = 0; size < last.size(); ++size) {
    ScriptedServer closing([&](Peer& peer) {
      peer.read_request();
      peer.send(chunked(last.substr(0, size)));
    });
    EXPECT_EQ(world.post(closing.url()).failure, FailureClass::connection_reset) << size;
  }
  ScriptedServer slow([&](Peer& peer) {
    peer.read_request();
    std::promise<void> never;
    for (const char c : chunked(last)) {
      peer.send({&c, 1});
      never.get_future().wait_for(2ms);
      never = {};
    }
    peer.wait_until_closed();
  });
  EXPECT_EQ(world.post(slow.url()).failure, FailureClass::none);
  world.client->close_idle();
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

}  // namespace
}  // namespace fairlead::net
