// UTF-8 as RFC 3629 §4 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead {

// The length (1..4) of the well-formed sequence that begins at `at`, or 0 if there is none. `at` < `end`.
[[nodiscard]] inline std::size_t utf8_length(const char* at, const char* end) {
  const auto byte = [&](std::size_t index) { return static_cast<std::uint8_t>(at[index]); };
  const auto is_tail = [&](std::size_t index) { return (byte(index) & 0xc0) == 0x80; };
  const auto left = static_cast<std::size_t>(end - at);
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return left >= 2 && is_tail(1) ? 2 : 0;
  if (lead < 0xf0) {
    if (left < 3 || !is_tail(1) || !is_tail(2)) return 0;
    if (lead == 0xe0 && byte(1) < 0xa0) return 0;
    return lead == 0xed && byte(1) >= 0xa0 ? 0 : 3;
  }
  if (lead > 0xf4 || left < 4 || !is_tail(1) || !is_tail(2) || !is_tail(3)) return 0;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;
  return lead == 0xf4 && byte(1) >= 0x90 ? 0 : 4;
}

[[nodiscard]] inline bool is_utf8(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    const std::size_t length = utf8_length(at, end);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

// Appends the UTF-8 form of a code point that is no surrogate and at most U+10FFFF.
inline void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&out](std::uint32_t value) { out += static_cast<char>(value); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

}  // namespace fairlead
