// Event type names and the patterns that select them: exact, "*", and prefix globs "invoice.*".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace fairlead {

inline constexpr std::size_t event_type_bytes_max = 255;

// Code::invalid unless 1..event_type_bytes_max bytes of UTF-8 without control characters.
[[nodiscard]] Result<void> check_event_type(std::string_view name, std::string_view field);
// The same for a pattern: a "*" may stand alone or as the last segment after a dot, nowhere else.
[[nodiscard]] Result<void> check_event_type_pattern(std::string_view pattern, std::string_view field);
[[nodiscard]] bool is_glob(std::string_view pattern);  // "invoice.*", not "*"
// "invoice.*" matches one or more further characters after the dot, across dots.
[[nodiscard]] bool matches_event_type(std::string_view pattern, std::string_view name);

}  // namespace fairlead
