#include "common/net/client_connection.hpp"

#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>

#include "common/net/client_certificate.hpp"

namespace fairlead::net {

namespace asio = boost::asio;

namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

}  // namespace

ClientConnection::~ClientConnection() {
  // We close without a goodbye, which is no reason for OpenSSL to forget the session.
  if (tls_) SSL_set_shutdown(tls_->native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

asio::awaitable<ClientConnection::ErrorCode> ClientConnection::connect(tcp::endpoint endpoint) {
  address_ = to_text(endpoint);
  auto [error] = co_await socket_.async_connect(endpoint, use_tuple);
  if (error) co_return error;
  ErrorCode ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  opened_at_ = Steady::now();
  co_return error;
}

asio::awaitable<ClientConnection::ErrorCode> ClientConnection::handshake(ClientTls& tls, std::string host,
                                                                         bool is_address, std::string destination,
                                                                         std::shared_ptr<const ClientCertificate> own) {
  tls_.emplace(socket_, tls.context());
  tls.prepare(tls_->native_handle(), host, is_address, destination);
  if (own) {
    if (const auto used = use_client_certificate(tls_->native_handle(), *own); !used)
      throw std::runtime_error(used.error().message);
  }
  auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, use_tuple);
  co_return error;
}

std::string ClientConnection::certificate_error() const {
  if (!tls_) return {};
  // OpenSSL's verdict is set once a certificate was looked at; a handshake that failed before leaves it at OK.
  auto& stream = const_cast<asio::ssl::stream<tcp::socket&>&>(*tls_);
  const long verdict = SSL_get_verify_result(stream.native_handle());
  return verdict == X509_V_OK ? std::string() : X509_verify_cert_error_string(verdict);
}

asio::awaitable<ClientConnection::Moved> ClientConnection::read_some(asio::mutable_buffer buffer) {
  return tls_ ? tls_->async_read_some(buffer, use_tuple) : socket_.async_read_some(buffer, use_tuple);
}

asio::awaitable<ClientConnection::Moved> ClientConnection::write(asio::const_buffer buffer) {
  return tls_ ? asio::async_write(*tls_, buffer, use_tuple) : asio::async_write(socket_, buffer, use_tuple);
}

void ClientConnection::close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

bool ClientConnection::is_quiet() {
  if (!socket_.is_open()) return false;
  char byte = 0;
  const auto count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

std::string to_text(const ClientConnection::tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

}  // namespace fairlead::net
