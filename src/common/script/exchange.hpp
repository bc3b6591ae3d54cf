// One job and its answer, over a worker that is started if there is none, and watched from outside meanwhile.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/net/serial.hpp"
#include "common/ops/task.hpp"
#include "common/script/job.hpp"
#include "common/script/worker_process.hpp"

namespace fairlead::script {

struct ExchangeOptions {
  std::string program;
  std::chrono::milliseconds run_max;
};

// On `serial`. Afterwards `process` is the worker if it can be used again, else nothing. What ends the worker is a
// Fault if it was the function; Code::unavailable, reason "functions_unavailable", if it was not. One that had been
// idle and that a signal ends is replaced once, without a word.
[[nodiscard]] Task<Result<Answer>> exchange(std::optional<WorkerProcess>& process, Serial serial, const Job& job,
                                            ExchangeOptions options);

}  // namespace fairlead::script
