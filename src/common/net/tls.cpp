#include "common/net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <mutex>
#include <stdexcept>
#include <unordered_map>

namespace fairlead::net {

namespace ssl = boost::asio::ssl;

namespace {

constexpr std::size_t kSessionsMax = 4096;

struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SessionPtr = std::unique_ptr<SSL_SESSION, FreeSession>;

// An SSL object keeps its destination, freed with it; a context a pointer to its sessions.
void free_destination(void*, void* text, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(text); }

int destination_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_destination);
  return index;
}

// Not the "app data" slot: Asio keeps its own there, and deletes it.
int sessions_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

// One session a destination, each used once (RFC 8446 appendix C.4). Only verified handshakes give sessions.
struct ClientTls::Sessions {
  std::mutex mutex;
  std::unordered_map<std::string, SessionPtr> by_destination;

  void put(const std::string& destination, SessionPtr session) {
    const std::lock_guard lock(mutex);
    if (by_destination.size() >= kSessionsMax) by_destination.erase(by_destination.begin());
    by_destination[destination] = std::move(session);
  }
  SessionPtr take(const std::string& destination) {
    const std::lock_guard lock(mutex);
    auto node = by_destination.extract(destination);
    return node.empty() ? nullptr : std::move(node.mapped());
  }
  static int on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto* sessions = static_cast<Sessions*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), sessions_index()));
    const auto* destination = static_cast<std::string*>(SSL_get_ex_data(ssl, destination_index()));
    if (sessions == nullptr || destination == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return 0;
    sessions->put(*destination, SessionPtr(session));
    return 1;  // we own the reference
  }
};

ClientTls::ClientTls(const std::string& ca_file)
    : sessions_(std::make_unique<Sessions>()), context_(ssl::context::tls_client) {
  boost::system::error_code error;
  context_.set_verify_mode(ssl::verify_peer);
  context_.set_default_verify_paths(error);
  if (error) throw std::runtime_error("cannot read the system's certificate authorities: " + error.message());
  if (!ca_file.empty()) {
    context_.load_verify_file(ca_file, error);
    if (error)
      throw std::runtime_error("cannot read certificate authorities from \"" + ca_file + "\": " + error.message());
  }
  auto* native = context_.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_ex_data(native, sessions_index(), sessions_.get());
  SSL_CTX_sess_set_new_cb(native, &Sessions::on_new_session);
}

ClientTls::~ClientTls() = default;

void ClientTls::prepare(SSL* native, const std::string& host, bool is_address, const std::string& destination) {
  auto* expected = SSL_get0_param(native);
  bool is_set = false;
  if (is_address) {
    is_set = X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
  } else {
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    is_set = X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size()) == 1 &&
             SSL_set_tlsext_host_name(native, host.c_str()) == 1;
  }
  // Never go on without a name to verify.
  if (!is_set) throw std::runtime_error("cannot set the name to verify for " + destination);
  SSL_set_ex_data(native, destination_index(), new std::string(destination));
  if (const auto session = sessions_->take(destination)) SSL_set_session(native, session.get());
}

}  // namespace fairlead::net
