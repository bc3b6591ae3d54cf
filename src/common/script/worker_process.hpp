// A worker, seen from the program that started it.
#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <string>

#include "common/core/result.hpp"

namespace fairlead::script {

inline constexpr int exit_by_signal = -1;

// Owns the process: with it ends the process.
class WorkerProcess {
 public:
  // Starts `program`, which is this one, as a worker: with one end of a socket pair and nothing else of ours, neither
  // environment nor descriptors. Code::unavailable, reason "functions_unavailable".
  [[nodiscard]] static Result<WorkerProcess> start(boost::asio::any_io_executor executor, const std::string& program);
  ~WorkerProcess();
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;

  [[nodiscard]] boost::asio::local::stream_protocol::socket& socket() { return socket_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // False if it has ended.
  [[nodiscard]] bool is_alive();
  // What it holds of the machine's memory; 0 if it has ended.
  [[nodiscard]] std::size_t resident_bytes() const;
  void kill() const;
  // Ends it if it has not ended, and gives its exit status, or exit_by_signal. Takes what the kernel takes to tidy up
  // after it.
  int end();

 private:
  WorkerProcess(boost::asio::local::stream_protocol::socket socket, pid_t pid);
  boost::asio::local::stream_protocol::socket socket_;
  pid_t pid_;        // 0: its end has been seen
  int status_ = -1;  // as of wait()
};

}  // namespace fairlead::script
