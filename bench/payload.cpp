#include "payload.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace fairlead::bench {
namespace {

// {"stamp":"<run, 10>-<sequence, 10>-<sent, 20>", …
constexpr std::string_view kStart = R"({"stamp":")";
constexpr std::size_t kRunDigits = 10, kSequenceDigits = 10, kSentDigits = 20;
constexpr std::size_t kRunAt = kStart.size();
constexpr std::size_t kSequenceAt = kRunAt + kRunDigits + 1;
constexpr std::size_t kSentAt = kSequenceAt + kSequenceDigits + 1;
constexpr std::size_t kEndAt = kSentAt + kSentDigits;

void write_digits(std::string& text, std::size_t at, std::size_t digits, std::uint64_t value) {
  for (std::size_t index = at + digits; index > at; value /= 10) text[--index] = static_cast<char>('0' + value % 10);
}

template <class Number>
bool read_digits(std::string_view text, std::size_t at, std::size_t digits, Number& value) {
  const char* end = text.data() + at + digits;
  const auto [stop, error] = std::from_chars(text.data() + at, end, value);
  return error == std::errc{} && stop == end;
}

}  // namespace

Payload::Payload(std::size_t bytes) {
  if (bytes < kBytesMin) throw std::invalid_argument("a payload has at least " + std::to_string(kBytesMin) + " bytes");
  text_ = std::string(kStart) + std::string(kEndAt - kStart.size(), '-') +
          R"(","object":"order","status":"paid","currency":"EUR","customer":{"name":"Ada Lovelace"},"lines":[)";
  constexpr std::string_view line =
      R"({"sku":"FL-1042-B","title":"Paper, A4, 500 sheets","quantity":3,"unit_price":"4.95"},)";
  constexpr std::string_view close = R"({}],"note":")", end = R"("})";
  while (text_.size() + line.size() + close.size() + end.size() <= bytes) text_ += line;
  text_ += close;
  text_.append(bytes - text_.size() - end.size(), '.');
  text_ += end;
}

std::string_view Payload::stamped(const Stamp& stamp) {
  write_digits(text_, kRunAt, kRunDigits, stamp.run);
  write_digits(text_, kSequenceAt, kSequenceDigits, stamp.sequence);
  write_digits(text_, kSentAt, kSentDigits, static_cast<std::uint64_t>(std::max<std::int64_t>(stamp.sent_ns, 0)));
  return text_;
}

std::optional<Stamp> find_stamp(std::string_view body) {
  Stamp stamp;
  if (body.size() < kEndAt || !body.starts_with(kStart)) return std::nullopt;
  if (!read_digits(body, kRunAt, kRunDigits, stamp.run) ||
      !read_digits(body, kSequenceAt, kSequenceDigits, stamp.sequence) ||
      !read_digits(body, kSentAt, kSentDigits, stamp.sent_ns)) {
    return std::nullopt;
  }
  return stamp;
}

}  // namespace fairlead::bench
