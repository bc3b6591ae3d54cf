#include "common/domain/decimal.hpp"

#include <algorithm>

namespace fairlead {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The exponent's digits as a number, held within the bound.
std::int64_t read_exponent(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  for (const char c : text) {
    value = value * 10 + (c - '0');
    if (value > decimal_exponent_max) {
      value = decimal_exponent_max;
      break;
    }
  }
  return is_negative ? -value : value;
}

}  // namespace

Decimal parse_decimal(std::string_view text) {
  Decimal number;
  number.is_negative = text.starts_with('-');
  if (number.is_negative) text.remove_prefix(1);
  const auto exponent_at = text.find_first_of("eE");
  const auto mantissa = text.substr(0, exponent_at);
  const auto point = mantissa.find('.');
  const auto whole = mantissa.substr(0, point);
  number.digits.reserve(mantissa.size());
  number.digits = whole;
  if (point != std::string_view::npos) number.digits += mantissa.substr(point + 1);
  const auto first = number.digits.find_first_not_of('0');
  if (first == std::string::npos) return {};
  number.scale = static_cast<std::int64_t>(whole.size()) - static_cast<std::int64_t>(first);
  number.digits.erase(0, first);
  number.digits.erase(number.digits.find_last_not_of('0') + 1);
  if (exponent_at != std::string_view::npos) number.scale += read_exponent(text.substr(exponent_at + 1));
  return number;
}

bool is_comparable(const Decimal& number) {
  return number.scale < decimal_exponent_max / 2 && number.scale > -decimal_exponent_max / 2;
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const int sign_a = a.is_zero() ? 0 : a.is_negative ? -1 : 1;
  const int sign_b = b.is_zero() ? 0 : b.is_negative ? -1 : 1;
  if (sign_a != sign_b) return sign_a <=> sign_b;
  if (sign_a == 0) return std::strong_ordering::equal;
  auto size = a.scale <=> b.scale;
  if (size == 0) size = a.digits.compare(b.digits) <=> 0;
  return sign_a > 0 ? size : 0 <=> size;
}

std::optional<std::string> to_canonical(const Decimal& number, std::size_t bytes_max) {
  if (number.is_zero()) return "0";
  const auto count = static_cast<std::int64_t>(number.digits.size());
  const auto limit = static_cast<std::int64_t>(bytes_max);
  if (count > limit || number.scale > limit || number.scale < -limit) return std::nullopt;
  std::string text = number.is_negative ? "-" : "";
  if (number.scale <= 0) {
    text += "0.";
    text.append(static_cast<std::size_t>(-number.scale), '0');
    text += number.digits;
  } else if (number.scale >= count) {
    text += number.digits;
    text.append(static_cast<std::size_t>(number.scale - count), '0');
  } else {
    text += number.digits.substr(0, static_cast<std::size_t>(number.scale));
    text += '.';
    text += number.digits.substr(static_cast<std::size_t>(number.scale));
  }
  if (text.size() > bytes_max) return std::nullopt;
  return text;
}

bool is_canonical(std::string_view text) {
  if (text == "0") return true;
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  if (whole.empty() || !std::ranges::all_of(whole, is_digit)) return false;
  if (point == std::string_view::npos) return whole.front() != '0';
  const auto fraction = text.substr(point + 1);
  if (whole.front() == '0' && whole.size() > 1) return false;
  return !fraction.empty() && std::ranges::all_of(fraction, is_digit) && fraction.back() != '0';
}

}  // namespace fairlead
