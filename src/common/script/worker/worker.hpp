// The worker's side: a process that runs strangers' functions and nothing else (docs/ARCHITECTURE.md, "Functions").
#pragma once

namespace fairlead::script {

// How a program is told to be a worker, as its only argument.
inline constexpr const char* worker_argument = "script-worker";

// Confines the process, and answers the jobs that come in on descriptor 0 until it closes. Gives the exit status.
[[nodiscard]] int run_worker();

}  // namespace fairlead::script
