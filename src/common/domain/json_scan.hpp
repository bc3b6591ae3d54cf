// Validates JSON (RFC 8259) in one pass without building anything, and finds the spans of a top-level object's members.
// This is what lets a payload's bytes travel unchanged.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace fairlead {

inline constexpr int json_depth_max = 128;

// One member of the top-level object: the key, unescaped, and the exact bytes of its value without surrounding
// whitespace.
struct JsonMember {
  std::string key;
  std::string_view value;
};

// Code::invalid with reason "invalid_json" and the byte offset in the message: malformed text, depth over
// json_depth_max, invalid UTF-8 (overlong forms and surrogates included), bytes after the value, raw control characters
// in strings, "\u0000" and lone surrogate escapes. Never recursive, never throws.
[[nodiscard]] Result<void> validate_json(std::string_view text);
// The same, and the members in order (duplicates kept: the last one wins). reason "not_an_object" if it is no object.
// The spans point into `text`.
[[nodiscard]] Result<std::vector<JsonMember>> scan_object(std::string_view text);
// The same of an array: the spans of its items in order. reason "not_an_array" if it is none.
[[nodiscard]] Result<std::vector<std::string_view>> scan_array(std::string_view text);
// The text of a JSON string span that validate_json accepted, unescaped; nothing if the span is no string.
[[nodiscard]] std::optional<std::string> json_string(std::string_view value);

}  // namespace fairlead
