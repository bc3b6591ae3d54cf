// spdlog to stdout: one JSON object a line, text on a terminal; asynchronous, dropping (and counting) rather than
// blocking.
#pragma once

#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead {

// Installs the default logger. Messages read "event_name key=value …"; ids always, bodies and secrets never.
void start_logging(const std::string& program, const std::string& level);
// Writes out what is queued, for at most a second if nobody reads it. Lines that come later (from threads still ending)
// are lost, never a fault.
void stop_logging();
[[nodiscard]] std::uint64_t log_lines_dropped();

// The text as the inside of a JSON string: quotes, control characters (C1 too) and line separators are escaped, and
// bytes that are no UTF-8 become U+FFFD. What strangers sent can neither forge a line nor steer a terminal.
[[nodiscard]] std::string to_log_text(std::string_view text);

}  // namespace fairlead
