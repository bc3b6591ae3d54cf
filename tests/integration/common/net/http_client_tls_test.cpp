// Outgoing TLS against servers with certificates made for the test.
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/common/net/client_world.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/scripted_server.hpp"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using test::always;
using test::answer;
using test::Peer;
using test::ScriptedServer;
using test::TestAuthority;
using test::World;

test::DnsAnswer at_loopback(const std::string&) { return {.addresses = {"127.0.0.1"}}; }

// Goal: a certificate of the operator's authority is accepted for a name and for an address, and for nothing else; the
// connection is kept. Method: one server certificate, asked by right and wrong names.
TEST(Tls, AcceptsTheOperatorsAuthorityAndTheRightName) {
  const TestAuthority authority;
  const auto tls = authority.issue({.names = "DNS:hooks.example.test,DNS:*.wild.example.test,IP:127.0.0.1"});
  ScriptedServer server(always(answer(200, "secret")), tls.get());
  test::DnsServer dns(at_loopback);
  World world({.dns = {.servers = {dns.address()}}, .client = {.ca_file = authority.ca_file()}});
  for (const auto* host : {"hooks.example.test", "127.0.0.1", "a.wild.example.test"}) {
    const auto response = world.post(server.url("/in", host));
    EXPECT_EQ(response.failure, FailureClass::none) << host << ": " << response.error;
    EXPECT_EQ(response.body, "secret");
    EXPECT_GT(response.phases.tls, response.phases.connect);
    EXPECT_TRUE(world.post(server.url("/in", host)).reused);
  }
  for (const auto* host : {"other.example.test", "wild.example.test", "a.b.wild.example.test"}) {
    const auto response = world.post(server.url("/in", host));
    EXPECT_EQ(response.failure, FailureClass::tls_certificate) << host;
    EXPECT_NE(response.error.find("mismatch"), std::string::npos) << response.error;
  }
}

// Goal: an address that the certificate does not carry is refused. Method: the certificate names another address.
TEST(Tls, RefusesAnotherAddress) {
  const TestAuthority authority;
  const auto tls = authority.issue({.names = "DNS:127.0.0.1,IP:127.0.0.2"});
  ScriptedServer server(always(answer(200)), tls.get());
  World world({.client = {.ca_file = authority.ca_file()}});
  const auto response = world.post(server.url());
  EXPECT_EQ(response.failure, FailureClass::tls_certificate);
  EXPECT_NE(response.error.find("mismatch"), std::string::npos) << response.error;
}

// Goal: new connections to a known destination resume its session, which spares the full handshake. Method: the server
// counts resumed handshakes over several connections.
TEST(Tls, ResumesSessions) {
  const TestAuthority authority;
  const auto tls = authority.issue({});
  std::atomic<int> resumed = 0;
  SSL_CTX_set_app_data(tls.get(), &resumed);
  SSL_CTX_set_info_callback(tls.get(), [](const SSL* ssl, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_DONE) != 0 && SSL_session_reused(ssl) != 0) {
      ++*static_cast<std::atomic<int>*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    }
  });
  ScriptedServer server(always(answer(200)), tls.get());
  World world({.client = {.ca_file = authority.ca_file()}});
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(world.post(server.url()).failure, FailureClass::none);
    world.client->close_idle();
  }
  EXPECT_EQ(server.connections(), 4);
  EXPECT_GE(resumed, 1);
}

// Goal: certificates that do not verify are refused with OpenSSL's reason, before a byte of the request is sent.
// Method: self-signed, unknown authority, expired, not yet valid, for another purpose, with a weak key.
TEST(Tls, RefusesCertificatesThatDoNotVerify) {
  const TestAuthority authority, stranger;
  struct Case {
    test::ServerTls tls;
    std::string reason;
  };
  Case cases[] = {{TestAuthority::self_signed({}), "self-signed"},
                  {stranger.issue({}), "issuer"},
                  {authority.issue({.from_days = -10, .until_days = -1}), "expired"},
                  {authority.issue({.from_days = 1, .until_days = 10}), "not yet valid"},
                  {authority.issue({.usage = "clientAuth"}), "purpose"},
                  {authority.issue({.is_weak = true}), "too weak"}};
  World world({.client = {.ca_file = authority.ca_file()}});
  for (auto& each : cases) {
    std::atomic<bool> is_request_seen = false;
    ScriptedServer server([&](Peer& peer) { is_request_seen = !peer.read_request().empty(); }, each.tls.get());
    const auto response = world.post(server.url());
    EXPECT_EQ(response.failure, FailureClass::tls_certificate) << response.error;
    EXPECT_NE(response.error.find(each.reason), std::string::npos) << response.error;
    EXPECT_EQ(response.status, 0);
    EXPECT_FALSE(is_request_seen);
  }
}

// Goal: old TLS, no TLS and silence are handshake failures within the deadline. Method: one server of each kind.
TEST(Tls, RefusesWhatIsNoTls12) {
  const TestAuthority authority;
  World world({.client = {.ca_file = authority.ca_file()}});
  const auto old = authority.issue({});
  SSL_CTX_set_security_level(old.get(), 0);
  SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  ScriptedServer server(always(answer(200)), old.get());
  const auto response = world.post(server.url());
  EXPECT_EQ(response.failure, FailureClass::tls_handshake);
  EXPECT_FALSE(response.error.empty());
  ScriptedServer plain([](Peer& peer) {
    peer.read_some();
    peer.send(answer(400));
  });
  EXPECT_EQ(world.post("https://127.0.0.1:" + std::to_string(plain.port()) + "/").failure, FailureClass::tls_handshake);
  ScriptedServer closing([](Peer& peer) { peer.read_some(); });
  EXPECT_EQ(world.post("https://127.0.0.1:" + std::to_string(closing.port()) + "/").failure,
            FailureClass::tls_handshake);
  ScriptedServer silent([](Peer& peer) { peer.wait_until_closed(); });
  const auto started = Steady::now();
  EXPECT_EQ(world.post("https://127.0.0.1:" + std::to_string(silent.port()) + "/", {.timeout = 150ms}).failure,
            FailureClass::tls_handshake);
  EXPECT_LT(Steady::now() - started, 2s);
}

// Goal: large bodies go both ways over TLS, and an early answer is taken. Method: 4 MiB up, echoed length and 60 KiB
// down.
TEST(Tls, CarriesLargeBodiesBothWays) {
  const TestAuthority authority;
  const auto tls = authority.issue({});
  ScriptedServer server(
      [](Peer& peer) {
        const auto request = peer.read_request();
        const auto body = request.substr(request.find("\r\n\r\n") + 4);
        peer.send(answer(200, std::to_string(body.size()) + std::string(60 * 1024, body[0])));
        peer.wait_until_closed();
      },
      tls.get());
  World world({.client = {.ca_file = authority.ca_file()}});
  const auto response = world.post(server.url(), {.body = std::string(4 * 1024 * 1024, 'q')});
  EXPECT_EQ(response.failure, FailureClass::none) << response.error;
  EXPECT_TRUE(response.body == "4194304" + std::string(60 * 1024, 'q'));
  world.client->close_idle();
  ScriptedServer early([](Peer& peer) { peer.send(answer(413, "no")), peer.wait_until_closed(); }, tls.get());
  EXPECT_EQ(world.post(early.url(), {.body = std::string(16 * 1024 * 1024, 'q')}).status, 413);
}

// Goal: a peer that ends TLS without a goodbye in the middle of an answer of known length is a reset. Method: raw
// close.
TEST(Tls, TellsATruncatedAnswer) {
  const TestAuthority authority;
  const auto tls = authority.issue({});
  ScriptedServer server(
      [](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
      },
      tls.get());
  World world({.client = {.ca_file = authority.ca_file()}});
  EXPECT_EQ(world.post(server.url()).failure, FailureClass::connection_reset);
}

// Goal: an authority that cannot be read stops the start with its name. Method: a missing file.
TEST(Tls, NamesAnUnreadableAuthority) {
  try {
    World world({.client = {.ca_file = "/nonexistent/authority.pem"}});
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("/nonexistent/authority.pem"), std::string::npos);
  }
}

}  // namespace
}  // namespace fairlead::net
