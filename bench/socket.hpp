// Non-blocking TCP over IPv4 and the one loop that the measuring tools wait in: plain system calls, because every
// microsecond of theirs is one that the measured programs do not get.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::bench {

// A file descriptor that is closed with its owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Fd() { close(); }
  void close();
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// Throw std::system_error if the system refuses.
[[nodiscard]] Fd listen_on(const std::string& address, std::uint16_t port);
[[nodiscard]] std::uint16_t port_of(const Fd& socket);
// The connection is there when the socket becomes writable; its error is read by connect_error().
[[nodiscard]] Fd start_connect(const std::string& address, std::uint16_t port);
[[nodiscard]] int connect_error(const Fd& socket);
// The next waiting connection, closed if there is none.
[[nodiscard]] Fd accept_from(const Fd& listener);
// From now on the calling thread waits for a processor instead of interrupting whoever runs on one: what it stands for,
// a client on another machine, takes no turns from the measured programs either (SCHED_BATCH, sched(7)).
void never_interrupt();
// Becomes readable at SIGTERM and SIGINT, which no longer end the process.
[[nodiscard]] Fd watch_signals();

// Edge-triggered: an event comes once, and what it tells is read or written until there is no more.
class Poller {
 public:
  Poller();
  void add(const Fd& socket, std::uint64_t tag);
  // Waits until something happens or for `timeout_ns` (negative: for ever); valid until the next call.
  [[nodiscard]] std::span<const epoll_event> wait(std::int64_t timeout_ns);

 private:
  Fd epoll_;
  std::vector<epoll_event> events_;
};

}  // namespace fairlead::bench
