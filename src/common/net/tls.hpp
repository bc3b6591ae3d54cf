// TLS of outgoing connections: authorities, verification of names, sessions kept for resumption.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

namespace fairlead::net {

// Thread-safe. TLS 1.2 or newer, the system's authorities and `ca_file`'s (PEM; empty: none), peers always verified.
class ClientTls {
 public:
  // Throws std::runtime_error with the reason if the authorities cannot be read.
  explicit ClientTls(const std::string& ca_file);
  ~ClientTls();

  [[nodiscard]] boost::asio::ssl::context& context() { return context_; }
  // Sets, before the handshake, which name or address the certificate must carry, SNI for a name, and a session of
  // `destination` ("host:port") to resume.
  void prepare(SSL* ssl, const std::string& host, bool is_address, const std::string& destination);

 private:
  struct Sessions;
  std::unique_ptr<Sessions> sessions_;
  boost::asio::ssl::context context_;
};

}  // namespace fairlead::net
