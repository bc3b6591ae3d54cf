// Numbers as JSON writes them, compared without losing a digit: integers beyond 2^53 and decimals are exact.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead {

// (-1)^is_negative × 0.digits × 10^scale; digits have no zero at either end, and zero has none.
struct Decimal {
  bool is_negative = false;
  std::string digits;
  std::int64_t scale = 0;

  bool operator==(const Decimal&) const = default;
  [[nodiscard]] bool is_zero() const { return digits.empty(); }
};
[[nodiscard]] std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);

// Of a JSON number's text (RFC 8259 §6), which the caller has validated. Exponents beyond ±decimal_exponent_max are
// held there: compare only with numbers that are within it.
[[nodiscard]] Decimal parse_decimal(std::string_view text);
inline constexpr std::int64_t decimal_exponent_max = 1'000'000'000'000'000;
// Whether the number's size lies well within decimal_exponent_max, so that comparing it with any other is exact.
[[nodiscard]] bool is_comparable(const Decimal& number);

// The number's one canonical spelling: no exponent, no leading or trailing zeros, no "-0". Nothing if it is longer than
// `bytes_max`.
[[nodiscard]] std::optional<std::string> to_canonical(const Decimal& number, std::size_t bytes_max);
// Whether the text is the canonical spelling of some number: "7", "-0.5", not "007", "7.0", "1e3".
[[nodiscard]] bool is_canonical(std::string_view text);

}  // namespace fairlead
