// What HTTP allows in a header's name and value (RFC 9110 §5.5, §5.6.2), asked of every byte that a stranger sends.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace fairlead {

// By character: may it stand in a token, such as a header's name or a method?
inline constexpr std::array<bool, 256> token_characters = [] {
  std::array<bool, 256> allowed{};
  for (const char c : std::string_view("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&'*+-.^_`|~"))
    allowed[static_cast<unsigned char>(c)] = true;
  return allowed;
}();

[[nodiscard]] constexpr bool is_token(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return token_characters[static_cast<unsigned char>(c)]; });
}

// Control characters other than the tab are refused; bytes beyond ASCII are not. Without a way out of the loop, which
// is what lets the compiler look at many bytes at once.
[[nodiscard]] constexpr bool is_header_value(std::string_view text) {
  unsigned char found = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    found |= static_cast<unsigned char>((byte < 0x20 && byte != '\t') || byte == 0x7f);
  }
  return found == 0;
}

}  // namespace fairlead
