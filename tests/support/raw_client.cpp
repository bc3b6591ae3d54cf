#include "tests/support/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace fairlead::test {

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd_);
    throw std::runtime_error("cannot connect");
  }
}

RawClient::~RawClient() { ::close(fd_); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void RawClient::finish() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::read_more() {
  char bytes[16384];
  const auto count = ::recv(fd_, bytes, sizeof bytes, 0);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) is_timed_out_ = true;
  if (count <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(count));
  return true;
}

std::string RawClient::read_answer() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more()) return {};
  }
  const auto at = buffer_.find("\r\nContent-Length: ");
  const std::size_t length = at < end ? std::strtoull(buffer_.c_str() + at + 18, nullptr, 10) : 0;
  while (buffer_.size() < end + 4 + length) {
    if (!read_more()) return {};
  }
  auto answer = buffer_.substr(0, end + 4 + length);
  buffer_.erase(0, answer.size());
  return answer;
}

std::string RawClient::read_rest() {
  while (read_more()) {
  }
  return std::exchange(buffer_, {});
}

bool RawClient::is_ended() const {
  pollfd state{.fd = fd_, .events = POLLRDHUP};
  return ::poll(&state, 1, 0) == 1;
}

}  // namespace fairlead::test
