// Durations as Go writes them ("1m30s", "1.5h", "300ms"): what some clients send and older API versions answer.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::control {

// Nothing if it is no duration, negative, or over 10 years. Units: ns us µs ms s m h; "0" needs none.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);
// Whole seconds: "0s", "15s", "1m0s", "1h0m0s".
[[nodiscard]] std::string to_go_duration(std::chrono::seconds duration);

}  // namespace fairlead::control
