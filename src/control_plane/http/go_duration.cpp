#include "control_plane/http/go_duration.hpp"

#include <array>
#include <utility>

namespace fairlead::control {
namespace {

constexpr double kLongestNanos = 10.0 * 366 * 24 * 3600 * 1e9;

// The longer unit first where one begins like another.
constexpr std::array<std::pair<std::string_view, double>, 8> kUnits = {{{"ns", 1.0},
                                                                        {"us", 1e3},
                                                                        {"\xC2\xB5s", 1e3},
                                                                        {"\xCE\xBCs", 1e3},
                                                                        {"ms", 1e6},
                                                                        {"s", 1e9},
                                                                        {"m", 60e9},
                                                                        {"h", 3600e9}}};

// One "<digits>[.<digits>]<unit>" from the front, in nanoseconds.
std::optional<double> take_part(std::string_view& text) {
  double number = 0, scale = 1;
  bool has_digit = false, is_fraction = false;
  while (!text.empty()) {
    const char c = text.front();
    if (c >= '0' && c <= '9') {
      has_digit = true;
      if (is_fraction)
        number += (c - '0') * (scale /= 10);
      else
        number = number * 10 + (c - '0');
      if (number > kLongestNanos) return std::nullopt;
    } else if (c == '.' && !is_fraction) {
      is_fraction = true;
    } else {
      break;
    }
    text.remove_prefix(1);
  }
  if (!has_digit) return std::nullopt;
  for (const auto& [unit, nanos] : kUnits) {
    if (text.starts_with(unit)) {
      text.remove_prefix(unit.size());
      return number * nanos;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds{0};
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part) return std::nullopt;
    total += *part;
    if (total > kLongestNanos) return std::nullopt;
  }
  return std::chrono::nanoseconds{static_cast<std::int64_t>(total + 0.5)};
}

std::string to_go_duration(std::chrono::seconds duration) {
  const auto total = duration.count();
  std::string text;
  if (total >= 3600) text += std::to_string(total / 3600) + "h";
  if (total >= 60) text += std::to_string(total % 3600 / 60) + "m";
  return text + std::to_string(total % 60) + "s";
}

}  // namespace fairlead::control
