// Time as the rest of the code sees it: microseconds since 1970 UTC, passed in, never read in domain code.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead {

using Micros = std::chrono::microseconds;
using TimePoint = std::chrono::sys_time<Micros>;
using Steady = std::chrono::steady_clock;

// The wall clock of this machine.
[[nodiscard]] inline TimePoint wall_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

// RFC 3339 in UTC with six digits: 2026-01-02T03:04:05.678901Z.
[[nodiscard]] std::string to_rfc3339(TimePoint time);
// RFC 3339 or PostgreSQL's text form (space for T, short zones); nothing if it is neither.
[[nodiscard]] std::optional<TimePoint> parse_time(std::string_view text);

}  // namespace fairlead
