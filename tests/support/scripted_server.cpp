#include "tests/support/scripted_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace fairlead::test {
namespace {

std::size_t content_length(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto at = head.find("\r\ncontent-length:");
  return at == std::string::npos ? 0 : std::strtoull(head.c_str() + at + 17, nullptr, 10);
}

}  // namespace

Peer::~Peer() {
  if (ssl_ != nullptr) SSL_free(ssl_);
}

std::string Peer::read_some() {
  char bytes[16384];
  const auto count = ssl_ != nullptr ? SSL_read(ssl_, bytes, sizeof bytes) : ::recv(fd_, bytes, sizeof bytes, 0);
  return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : std::string();
}

std::string Peer::read_request() {
  while (true) {
    const auto end = rest_.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::size_t size = end + 4 + content_length(rest_.substr(0, end));
      if (rest_.size() >= size) {
        auto request = rest_.substr(0, size);
        rest_.erase(0, size);
        return request;
      }
    }
    const auto more = read_some();
    if (more.empty()) return {};
    rest_ += more;
  }
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                       : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void Peer::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void Peer::close() { ::shutdown(fd_, SHUT_RDWR); }

void Peer::wait_until_closed() {
  while (!read_some().empty()) {
  }
}

ScriptedServer::ScriptedServer(Script script, SSL_CTX* tls, Place place) : script_(std::move(script)), tls_(tls) {
  std::signal(SIGPIPE, SIG_IGN);  // SSL_write knows no MSG_NOSIGNAL
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::inet_addr(place.address);
  address.sin_port = htons(place.port);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 512) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen");
  }
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_loop(); });
}

ScriptedServer::~ScriptedServer() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  for (auto& thread : threads_) thread.join();
  ::close(listener_);
}

std::string ScriptedServer::url(const std::string& target, const std::string& host) const {
  return (tls_ != nullptr ? "https://" : "http://") + host + ":" + std::to_string(port_) + target;
}

void ScriptedServer::accept_loop() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (fd < 0 || is_ending_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    open_.push_back(fd);
    threads_.emplace_back([this, fd, number = ++connections_] { serve(fd, number); });
  }
}

void ScriptedServer::serve(int fd, int number) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  {
    SSL* ssl = tls_ != nullptr ? SSL_new(tls_) : nullptr;
    Peer peer(fd, ssl);
    peer.number = number;
    if (ssl != nullptr) SSL_set_fd(ssl, fd);
    if (ssl == nullptr || SSL_accept(ssl) == 1) script_(peer);
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

HangingListener::HangingListener(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  address.sin_port = htons(port);
  const auto* generic = reinterpret_cast<sockaddr*>(&address);
  sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(sockets_[0], generic, sizeof address) != 0 || ::listen(sockets_[0], 0) != 0)
    throw std::runtime_error("cannot listen");
  for (int i = 0; i < 16; ++i) {
    sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(sockets_.back(), generic, sizeof address);
    pollfd waiting{.fd = sockets_.back(), .events = POLLOUT};
    if (::poll(&waiting, 1, 200) == 0) return;  // full
  }
  throw std::runtime_error("the listen queue does not fill");
}

HangingListener::~HangingListener() {
  for (const int fd : sockets_) ::close(fd);
}

std::string answer(int status, std::string_view body, std::string_view headers) {
  return "HTTP/1.1 " + std::to_string(status) + " Scripted\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

Script always(std::string text) {
  return [text = std::move(text)](Peer& peer) {
    while (!peer.read_request().empty() && peer.send(text)) {
    }
  };
}

}  // namespace fairlead::test
