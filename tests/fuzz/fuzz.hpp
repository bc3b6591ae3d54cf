// What the fuzz targets share: an input taken apart, and a property that must hold for every input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace fairlead::fuzz {

// Says which property failed and aborts: libFuzzer keeps the input.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "property failed: %s\n", property);
  std::abort();
}

// The first bytes choose what is tried, the rest is what a stranger sent.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto out = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return out;
  }
  // Up to the next line feed, which is taken too.
  std::string_view line() {
    const auto out = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(out.size() < rest_.size() ? out.size() + 1 : out.size());
    return out;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

inline bool has_control_character(std::string_view text) {
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return true;
  }
  return false;
}

// A header's name, RFC 9110 §5.6.2.
inline bool is_token(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
             std::string_view::npos;
}

}  // namespace fairlead::fuzz
