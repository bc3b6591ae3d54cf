// spdlog to stdout: one JSON object a line, text on a terminal; asynchronous, dropping (and counting) rather than blocking.
#pragma once

#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>

namespace fairlead {

// Installs the default logger. Messages read "event_name key=value …"; ids always, bodies and secrets never.
void start_logging(const std::string& program, const std::string& level);
void stop_logging();
[[nodiscard]] std::uint64_t log_lines_dropped();

}  // namespace fairlead
