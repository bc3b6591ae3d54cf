// Asks a running program of ours how it is, for container engines and scripts: the programs' sub-command "healthcheck".
#pragma once

#include <chrono>
#include <string>

#include "common/core/result.hpp"
#include "common/ops/settings.hpp"

namespace fairlead::net {

// GETs `path` from the admin port, on the loopback address if it listens on all of them, within `timeout`. The answer's
// body if it is a 200; Code::unavailable with what was said, or why nothing was. Blocks; needs no other setting.
[[nodiscard]] Result<std::string> check_health(Listen admin, std::string path,
                                               std::chrono::milliseconds timeout = std::chrono::seconds(4));

// The sub-command itself: prints the answer, and gives the exit code, 0 (it is well) or 1.
[[nodiscard]] int run_health_check(const std::string& program, const Listen& admin, bool is_liveness);

}  // namespace fairlead::net
