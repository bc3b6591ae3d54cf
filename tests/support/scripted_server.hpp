// A TCP server for tests: every connection runs the test's script on a thread of its own, over plain blocking sockets.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fairlead::test {

// The server's end of one connection, plain or TLS. Reads and writes give up quietly when the client is gone.
class Peer {
 public:
  Peer(int fd, SSL* ssl) : fd_(fd), ssl_(ssl) {}
  Peer(const Peer&) = delete;
  ~Peer();
  // One request: head and the body of its Content-Length. Empty: the client closed.
  std::string read_request();
  std::string read_some();  // empty: the client closed
  bool send(std::string_view bytes);
  void reset();  // RST instead of FIN
  void close();
  void wait_until_closed();  // by the client
  // Which connection this is, from 1.
  int number = 0;

 private:
  int fd_;
  SSL* ssl_;
  std::string rest_;
};

using Script = std::function<void(Peer&)>;

// An address of loopback; port 0: a free one.
struct Place {
  const char* address = "127.0.0.1";
  std::uint16_t port = 0;
};

// Listens from its constructor to its destructor, which ends the scripts' sockets and joins.
class ScriptedServer {
 public:
  explicit ScriptedServer(Script script, SSL_CTX* tls = nullptr, Place place = {});
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] std::string url(const std::string& target = "/in", const std::string& host = "127.0.0.1") const;

 private:
  void accept_loop();
  void serve(int fd, int number);

  Script script_;
  SSL_CTX* tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;  // guards what follows
  bool is_ending_ = false;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

// Listens at 127.0.0.2 with a full queue: whoever connects waits for ever.
class HangingListener {
 public:
  explicit HangingListener(std::uint16_t port);
  ~HangingListener();
  HangingListener(const HangingListener&) = delete;

 private:
  std::vector<int> sockets_;
};

// "HTTP/1.1 <status>\r\nContent-Length: …\r\n<headers>\r\n<body>"; each header ends with \r\n.
std::string answer(int status, std::string_view body = {}, std::string_view headers = {});
// A script that answers every request of a connection in the same way.
Script always(std::string text);

}  // namespace fairlead::test
