// Endpoints that hang, trickle, reset or never end, at every step, plain and over TLS: the right failure, in time.
#include <gtest/gtest.h>

#include <condition_variable>
#include <string>

#include "tests/integration/common/net/client_world.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/scripted_server.hpp"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using test::answer;
using test::Peer;
using test::ScriptedServer;
using test::TestAuthority;
using test::World;

constexpr auto kDeadline = 3000ms;  // long enough for the handshakes of all at once
constexpr auto kLongDeadline = 30'000ms;
constexpr auto kSlack = 5s;  // a sanitizer on a busy machine

// Sends the text a byte every few milliseconds, again and again, until the client is gone.
void trickle(Peer& peer, const std::string& begin, const std::string& again) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  if (!peer.send(begin)) return;
  for (int count = 0; count < 10'000; ++count) {
    const char byte = again[static_cast<std::size_t>(count) % again.size()];
    if (!peer.send({&byte, 1})) return;
    never.wait_for(lock, 5ms);
  }
}

struct Case {
  std::string name;
  test::Script script;
  FailureClass failure;
  bool is_at_the_deadline = false;  // else it ends by itself, before
};

std::vector<Case> cases() {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
  const std::string gzip = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08";
  const std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto hang_after = [](const std::string& begin) {
    return [begin](Peer& peer) {
      peer.read_request();
      peer.send(begin);
      peer.wait_until_closed();
    };
  };
  const auto trickling = [](const std::string& begin, const std::string& again) {
    return [begin, again](Peer& peer) {
      peer.read_request();
      trickle(peer, begin, again);
    };
  };
  const auto reset_after = [](const std::string& begin) {
    return [begin](Peer& peer) {
      peer.read_request();
      peer.send(begin);
      peer.reset();
    };
  };
  const auto endless = [](const std::string& begin, const std::string& again) {
    return [begin, again](Peer& peer) {
      peer.read_request();
      if (!peer.send(begin)) return;
      while (peer.send(again)) {
      }
    };
  };
  using enum FailureClass;
  return {
      {"hangs after the request", hang_after(""), response_timeout, true},
      {"hangs in the status line", hang_after("HTTP/1.1 20"), response_timeout, true},
      {"hangs after the status line", hang_after("HTTP/1.1 200 OK\r\n"), response_timeout, true},
      {"hangs in the headers", hang_after("HTTP/1.1 200 OK\r\nX: y"), response_timeout, true},
      {"hangs after an interim answer", hang_after("HTTP/1.1 100 Continue\r\n\r\n"), response_timeout, true},
      {"hangs in the body", hang_after(head + "half"), response_timeout, true},
      {"hangs in gzip", hang_after(gzip), response_timeout, true},
      {"trickles the status line", trickling("HTTP/1.1 200 ", "k"), response_timeout, true},
      {"trickles headers", trickling("HTTP/1.1 200 OK\r\n", "X: y\r\n"), response_timeout, true},
      {"trickles a counted body", trickling(head, "b"), response_timeout, true},
      {"trickles a body until close", trickling("HTTP/1.1 200 OK\r\n\r\n", "b"), response_timeout, true},
      {"trickles chunks", trickling(chunks, "1\r\nc\r\n"), response_timeout, true},
      {"trickles interim answers", trickling("", "HTTP/1.1 102 Wait\r\n\r\n"), invalid_response},
      {"resets before the answer", reset_after(""), connection_reset},
      {"resets in the status line", reset_after("HTTP/1.1 2"), connection_reset},
      {"resets in the headers", reset_after("HTTP/1.1 200 OK\r\nX: "), connection_reset},
      {"resets in the body", reset_after(head + "half"), connection_reset},
      {"resets in gzip", reset_after(gzip), connection_reset},
      {"sends endless headers", endless("HTTP/1.1 200 OK\r\n", std::string(500, 'x') + ": y\r\n"), invalid_response},
      {"sends an endless header", endless("HTTP/1.1 200 OK\r\nX: ", std::string(1000, 'x')), invalid_response},
      {"sends an endless status line", endless("HTTP/1.1 200 ", std::string(1000, 'k')), invalid_response},
      {"sends endless trailers", endless(chunks + "0\r\n", "X: y\r\n"), invalid_response},
      {"sends an endless chunk size", endless(chunks, std::string(1000, '0')), invalid_response},
      {"sends interim answers without end", endless("", "HTTP/1.1 102 Wait\r\n\r\n"), invalid_response},
      {"sends noise", endless("", std::string(1000, '\xff')), invalid_response},
      {"sends zeros", endless("", std::string(1000, '\0')), invalid_response},
      {"sends line feeds", endless("", std::string(1000, '\n')), invalid_response},
  };
}

// Goal: whatever an endpoint does, the request ends by its deadline as the right failure, plain and over TLS alike, and
// a healthy endpoint is served meanwhile. Method: all the scripts of a table at once, first those that end by
// themselves, with a long deadline that they must not need, then those that only the deadline ends.
TEST(HostileEndpoint, EndsInTimeAtEveryStep) {
  const TestAuthority authority;
  const auto tls = authority.issue({});
  World world({.client = {.ca_file = authority.ca_file(), .header_bytes_max = 16 * 1024}});
  ScriptedServer healthy(test::always(answer(200, "well")));
  for (const bool is_at_the_deadline : {false, true}) {
    const auto deadline = is_at_the_deadline ? kDeadline : kLongDeadline;
    std::vector<std::unique_ptr<ScriptedServer>> servers;
    std::vector<std::pair<Case, std::future<ClientResponse>>> answers;
    for (const auto& each : cases()) {
      if (each.is_at_the_deadline != is_at_the_deadline) continue;
      for (auto* context : {static_cast<SSL_CTX*>(nullptr), tls.get()}) {
        servers.push_back(std::make_unique<ScriptedServer>(each.script, context));
        answers.emplace_back(each, world.start(servers.back()->url(), {.timeout = deadline}));
      }
    }
    EXPECT_EQ(world.post(healthy.url()).body, "well");
    for (std::size_t index = 0; index < answers.size(); ++index) {
      auto& [each, answer] = answers[index];
      SCOPED_TRACE(each.name + (index % 2 == 1 ? " (TLS)" : ""));
      const auto response = answer.get();
      const auto took = std::chrono::microseconds(response.phases.total);
      EXPECT_EQ(to_text(response.failure), to_text(each.failure)) << response.error;
      EXPECT_FALSE(response.error.empty());
      if (is_at_the_deadline) EXPECT_GE(took, kDeadline);
      EXPECT_LT(took, is_at_the_deadline ? kDeadline + kSlack : kLongDeadline);
      EXPECT_EQ(servers[index]->connections(), 1) << "nothing is sent twice";
    }
  }
}

// Goal: a body without end is cut at its maximum and is no failure, whatever it decodes to. Method: text, chunks, zeros
// in gzip, and gzip members that decode to nothing.
TEST(HostileEndpoint, CutsWhatNeverEnds) {
  constexpr std::string_view kEmptyMember("\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0", 20);
  const std::string gzip = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
  const std::pair<std::string, std::string> answers[] = {
      {"HTTP/1.1 200 OK\r\n\r\n", std::string(4096, 'e')},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1000\r\n" + std::string(4096, 'c') + "\r\n"},
      {gzip, std::string(kEmptyMember)},
  };
  World world;
  for (const auto& [begin, again] : answers) {
    ScriptedServer server([&](Peer& peer) {
      peer.read_request();
      if (!peer.send(begin)) return;
      while (peer.send(again)) {
      }
    });
    const auto response = world.post(server.url(), {.timeout = 20s});
    EXPECT_EQ(response.failure, FailureClass::none) << response.error;
    EXPECT_TRUE(response.body_truncated);
    EXPECT_LE(response.body.size(), 64U * 1024U);
  }
}

// Goal: a connection that ends before or while the request is sent is a reset or a failed write or connect.
// Method: reset at once, with a small and a large request; a server that never reads.
TEST(HostileEndpoint, MayResetBeforeTheRequest) {
  World world;
  for (const std::size_t size : {std::size_t{10}, std::size_t{8} << 20U}) {
    ScriptedServer resetting([](Peer& peer) { peer.reset(); });
    const auto response = world.post(resetting.url(), {.body = std::string(size, 'b')});
    EXPECT_TRUE(response.failure == FailureClass::connection_reset || response.failure == FailureClass::write_failed ||
                response.failure == FailureClass::connect_failed)  // by when the reset is seen
        << to_text(response.failure) << ": " << response.error;
    std::promise<void> done;
    const auto gate = done.get_future().share();
    ScriptedServer deaf([gate](Peer&) { gate.wait(); });
    const auto started = Steady::now();
    EXPECT_EQ(world.post(deaf.url(), {.body = std::string(size, 'b'), .timeout = 300ms}).failure,
              FailureClass::response_timeout);
    EXPECT_LT(Steady::now() - started, 300ms + kSlack);
    done.set_value();
  }
}

// Goal: a TLS handshake that stops or turns into noise at any point is a handshake failure in time. Method: raw records
// instead of a handshake.
TEST(HostileEndpoint, BoundsTheHandshake) {
  World world;
  const std::string begun[] = {"\x16", std::string("\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03", 11),
                               std::string("\x15\x03\x03\x00\x02\x02\x28", 7), std::string(5000, '\xff'),
                               "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
  for (const auto& bytes : begun) {
    ScriptedServer server([&](Peer& peer) {
      peer.read_some();
      peer.send(bytes);
      peer.wait_until_closed();
    });
    const auto started = Steady::now();
    const auto response = world.post("https://127.0.0.1:" + std::to_string(server.port()) + "/", {.timeout = 300ms});
    EXPECT_EQ(to_text(response.failure), to_text(FailureClass::tls_handshake)) << response.error;
    EXPECT_LT(Steady::now() - started, 300ms + kSlack);
  }
}

}  // namespace
}  // namespace fairlead::net
