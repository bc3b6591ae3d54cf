// Cuts a connection whose server does not answer: statement_timeout is kept by the server, and a server that is frozen,
// or a network that swallows packets, keeps nothing. The thread that waits in libpq then gets an error, as if the
// connection had been lost: the outcome is unknown.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/core/clock.hpp"

namespace fairlead::store {

// Of one connection. The thread that uses the connection sets it, the watch reads it.
class AnswerDeadline {
 public:
  // From now on answers are expected on this socket; -1: there is no connection.
  void watch(int socket);
  // The next answer is due within `limit`; zero: whenever it comes.
  void expect_within(std::chrono::milliseconds limit);
  void answered();
  // Shuts the socket down if its answer was due before `now`.
  void cut_if_overdue(Steady::time_point now);

 private:
  std::mutex mutex_;  // held while the socket is cut, so that its number cannot be another file's by then
  int socket_ = -1;
  Steady::time_point due_ = Steady::time_point::max();
};

// One thread that looks at all deadlines of a pool four times a second.
class AnswerWatch {
 public:
  explicit AnswerWatch(std::vector<std::shared_ptr<AnswerDeadline>> deadlines);
  ~AnswerWatch();

 private:
  void run();
  std::vector<std::shared_ptr<AnswerDeadline>> deadlines_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace fairlead::store
