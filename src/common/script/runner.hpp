// Runs strangers' functions in worker processes: started on first use, ended when idle, killed when over a bound.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "common/ops/task.hpp"
#include "common/script/job.hpp"

namespace fairlead::script {

struct RunnerOptions {
  std::string program = "/proc/self/exe";  // this very file, whatever has been installed since
  std::size_t workers_max = 2;
  std::size_t waiting_max = 64;
  std::size_t waiting_per_owner_max = 8;
  std::chrono::milliseconds patience{5000};    // for a free worker
  std::chrono::milliseconds run_max{10000};    // by the clock, a worker's start included
  std::chrono::milliseconds idle_max{60'000};  // then a worker is ended
};

// Thread-safe. An owner (a project) has no more than one job under way, so that one cannot take all workers.
class Runner {
 public:
  Runner(boost::asio::any_io_executor executor, RunnerOptions options);
  Runner(const Runner&) = delete;

  // Resumes on the caller's executor. Code::invalid with a Fault's reason and its position in the message if the
  // function is at fault; Code::rate_limited, reason "functions_busy", if too many wait or it waited too long;
  // Code::unavailable, reason "functions_unavailable", if the machine denies workers or ended this one.
  [[nodiscard]] Task<Result<Output>> run(std::string owner, Job job);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::script
