#include "socket.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <stdexcept>
#include <system_error>

namespace fairlead::bench {
namespace {

constexpr int kListenBacklog = 4096;
constexpr std::size_t kEventsMax = 256;
constexpr std::int64_t kSecondNs = 1'000'000'000;

int checked(int answer, const char* what) {
  if (answer < 0) throw std::system_error(errno, std::generic_category(), what);
  return answer;
}

sockaddr_in to_address(const std::string& text, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1) {
    throw std::invalid_argument(text + " is no IPv4 address");
  }
  return address;
}

const sockaddr* to_sockaddr(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

Fd make_socket() { return Fd(checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket")); }

void send_at_once(const Fd& socket) {
  const int on = 1;
  setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

void Fd::close() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Fd listen_on(const std::string& address, std::uint16_t port) {
  auto listener = make_socket();
  const int on = 1;
  setsockopt(listener.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto place = to_address(address, port);
  checked(bind(listener.number(), to_sockaddr(place), sizeof place), "bind");
  checked(listen(listener.number(), kListenBacklog), "listen");
  return listener;
}

std::uint16_t port_of(const Fd& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  checked(getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  return ntohs(address.sin_port);
}

Fd start_connect(const std::string& address, std::uint16_t port) {
  auto socket = make_socket();
  send_at_once(socket);
  const auto place = to_address(address, port);
  if (connect(socket.number(), to_sockaddr(place), sizeof place) < 0 && errno != EINPROGRESS) socket.close();
  return socket;
}

int connect_error(const Fd& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size) < 0) return errno;
  return error;
}

Fd accept_from(const Fd& listener) {
  Fd socket(accept4(listener.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.is_open()) send_at_once(socket);
  return socket;
}

void never_interrupt() {
  const sched_param priority{};
  checked(sched_setscheduler(0, SCHED_BATCH, &priority), "sched_setscheduler");
}

Fd watch_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  checked(sigprocmask(SIG_BLOCK, &signals, nullptr), "sigprocmask");
  return Fd(checked(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd"));
}

Poller::Poller() : epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")), events_(kEventsMax) {}

void Poller::add(const Fd& socket, std::uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = tag;
  checked(epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, socket.number(), &event), "epoll_ctl");
}

std::span<const epoll_event> Poller::wait(std::int64_t timeout_ns) {
  const timespec timeout{.tv_sec = timeout_ns / kSecondNs, .tv_nsec = timeout_ns % kSecondNs};
  const int count = epoll_pwait2(epoll_.number(), events_.data(), static_cast<int>(events_.size()),
                                 timeout_ns < 0 ? nullptr : &timeout, nullptr);
  if (count < 0 && errno != EINTR) checked(count, "epoll_pwait2");
  return {events_.data(), static_cast<std::size_t>(count < 0 ? 0 : count)};
}

}  // namespace fairlead::bench
