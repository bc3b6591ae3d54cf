// Which headers a project or endpoint may name: RFC 9110 tokens that neither frame the message nor belong to the
// sender.
#pragma once

#include <string_view>

#include "common/core/result.hpp"

namespace fairlead::control {

// Code::invalid, reason "invalid_header" (no token, RFC 9110 §5.6.2), "too_long" (256 bytes) or "reserved_header",
// naming `field`.
[[nodiscard]] Result<void> check_header_name(std::string_view name, std::string_view field);
// Code::invalid, reason "invalid_header", for control characters (CR and LF among them).
[[nodiscard]] Result<void> check_header_value(std::string_view value, std::string_view field);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace fairlead::control
