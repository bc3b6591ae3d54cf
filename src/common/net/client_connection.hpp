// One outgoing connection, plain or TLS. Its socket lives on its own strand: whoever holds the connection runs on that
// strand while using it, so deadlines and cancellation can close the socket without racing an operation.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>
#include <utility>

#include "common/core/client_certificate.hpp"
#include "common/core/clock.hpp"
#include "common/net/serial.hpp"
#include "common/net/tls.hpp"

namespace fairlead::net {

using ClientStrand = Serial;

class ClientConnection {
 public:
  using tcp = boost::asio::ip::tcp;
  using ErrorCode = boost::system::error_code;
  using Buffers = std::array<boost::asio::const_buffer, 2>;

  explicit ClientConnection(ClientStrand strand) : strand_(std::move(strand)), socket_(strand_) {}
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;

  [[nodiscard]] boost::asio::awaitable<ErrorCode> connect(tcp::endpoint endpoint);
  // Verifies the peer; after an error, certificate_error() says whether its certificate was the reason.
  // `certificate` is what we show the peer if it asks; null: none. Throws std::runtime_error if it cannot be read.
  [[nodiscard]] boost::asio::awaitable<ErrorCode> handshake(ClientTls& tls, std::string host, bool is_address,
                                                            std::string destination,
                                                            std::shared_ptr<const ClientCertificate> certificate);
  [[nodiscard]] std::string certificate_error() const;  // empty: the certificate was not the reason
  using Moved = std::tuple<ErrorCode, std::size_t>;     // the error, and how many bytes were read or written before it
  [[nodiscard]] boost::asio::awaitable<Moved> read_some(boost::asio::mutable_buffer buffer);
  // All of it.
  [[nodiscard]] boost::asio::awaitable<Moved> write(boost::asio::const_buffer buffer);
  // Calls `then(ErrorCode, std::size_t)` on the strand. The buffers must live until then.
  template <class Then>
  void write(Buffers buffers, Then then) {
    if (tls_) {
      boost::asio::async_write(*tls_, buffers, std::move(then));
    } else {
      boost::asio::async_write(socket_, buffers, std::move(then));
    }
  }
  // Ends every operation under way; nothing works after.
  void close();
  // Idle as it should be: open, and the peer has neither closed nor sent anything. Any thread, while nobody uses it.
  [[nodiscard]] bool is_quiet();

  [[nodiscard]] const ClientStrand& strand() const { return strand_; }
  [[nodiscard]] const std::string& address() const { return address_; }  // "203.0.113.9:443", brackets for IPv6
  [[nodiscard]] Steady::time_point opened_at() const { return opened_at_; }

 private:
  ClientStrand strand_;
  tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<tcp::socket&>> tls_;
  std::string address_;
  Steady::time_point opened_at_;
};

// "203.0.113.9:443", "[2001:db8::1]:443".
[[nodiscard]] std::string to_text(const ClientConnection::tcp::endpoint& endpoint);

}  // namespace fairlead::net
