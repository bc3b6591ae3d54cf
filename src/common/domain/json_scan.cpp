#include "common/domain/json_scan.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <cstdint>
#include <cstring>

#include "common/core/utf8.hpp"

namespace fairlead {
namespace {

static_assert(std::endian::native == std::endian::little, "the first character is the lowest byte of a word");

constexpr std::size_t kBlockBytes = 16;
using Block = signed char __attribute__((vector_size(kBlockBytes)));

// How many of a block's bytes, from the first on, are printable ASCII other than '"' and '\': the inside of a string
// with nothing to do. Signed: what is not ASCII is below zero.
std::size_t count_plain(const char* at) {
  Block block;
  std::memcpy(&block, at, sizeof block);
  const auto hits = (block < ' ') | (block == '"') | (block == '\\');
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), &hits, sizeof words);
  const int bits = words[0] != 0 ? std::countr_zero(words[0]) : 64 + std::countr_zero(words[1]);
  return static_cast<std::size_t>(bits) / 8;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The value of four hex digits at `at`, or -1.
int read_hex4(const char* at, const char* end) {
  if (end - at < 4) return -1;
  int value = 0;
  for (int index = 0; index < 4; ++index) {
    const char c = at[index];
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c))
      value = value << 4 | (c - '0');
    else if (lower >= 'a' && lower <= 'f')
      value = value << 4 | (lower - 'a' + 10);
    else
      return -1;
  }
  return value;
}

bool is_high_surrogate(int unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low_surrogate(int unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

// The character behind the single-letter escape, or NUL if there is no such escape.
char escaped_character(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

// The inside of a string that was found well-formed, with its escapes replaced.
std::string unescape(std::string_view inside) {
  std::string text;
  text.reserve(inside.size());
  const char* at = inside.data();
  const char* const end = at + inside.size();
  while (at < end) {
    const auto* const escape = static_cast<const char*>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
    if (escape == nullptr) break;
    text.append(at, escape);
    at = escape + 2;
    if (escape[1] != 'u') {
      text += escaped_character(escape[1]);
      continue;
    }
    auto point = static_cast<std::uint32_t>(read_hex4(at, end));
    at += 4;
    if (is_high_surrogate(static_cast<int>(point))) {
      const auto low = static_cast<std::uint32_t>(read_hex4(at + 2, end));
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
      at += 6;
    }
    append_utf8(text, point);
  }
  text.append(at, end);
  return text;
}

// One pass over the text. The stack of open containers is a bit each: is it an object?
class Scanner {
 public:
  explicit Scanner(std::string_view text) : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  // Whether the whole text is one value; what is in it at the top goes to `members` if it is an object, to `items` if
  // it is an array, if those are given.
  bool scan(std::vector<JsonMember>* members, std::vector<std::string_view>* items);
  [[nodiscard]] bool is_object() const { return first_ == '{'; }
  [[nodiscard]] bool is_array() const { return first_ == '['; }
  [[nodiscard]] Error error() const {
    return {Code::invalid, "byte " + std::to_string(at_ - begin_) + ": " + fault_, "invalid_json"};
  }
  // The string that begins at the quote under the cursor.
  bool read_string();
  [[nodiscard]] bool is_at_end() const { return at_ == end_; }

 private:
  enum class Next { value, first_item, key, first_key, after_value };

  bool step(Next& next);
  bool read_value(Next& next);
  bool read_key(Next& next);
  bool open(bool is_object, Next& next);
  bool close(char bracket, Next& next);
  bool continue_container(Next& next);
  bool read_escape();
  bool read_number();
  bool read_digits();
  bool read_word(std::string_view word);
  bool refuse(const char* fault) {
    fault_ = fault;
    return false;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (at_ < end_ && *at_ <= ' ' && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* fault_ = "";
  std::vector<JsonMember>* members_ = nullptr;
  std::vector<std::string_view>* items_ = nullptr;
  const char* value_begin_ = nullptr;  // of the top-level member or item that is being read, if it is wanted
  std::bitset<json_depth_max> objects_;
  std::size_t depth_ = 0;
  char first_ = '\0';  // of the whole text
};

bool Scanner::scan(std::vector<JsonMember>* members, std::vector<std::string_view>* items) {
  Next next = Next::value;
  skip_space();
  if (at_ < end_) first_ = *at_;
  members_ = is_object() ? members : nullptr;
  items_ = is_array() ? items : nullptr;
  while (next != Next::after_value || depth_ > 0) {
    if (!step(next)) return false;
    // Before the space after it: a span ends with its value.
    if (next == Next::after_value && depth_ == 1 && value_begin_ != nullptr) {
      const std::string_view value(value_begin_, at_);
      if (items_ != nullptr)
        items_->push_back(value);
      else
        members_->back().value = value;
      value_begin_ = nullptr;
    }
    skip_space();
  }
  return at_ == end_ || refuse("expected the end after the value");
}

// Called with the cursor on the first byte that is no space.
bool Scanner::step(Next& next) {
  switch (next) {
    case Next::first_item:
      if (take(']')) return close(']', next);
      [[fallthrough]];
    case Next::value:
      return read_value(next);
    case Next::first_key:
      if (take('}')) return close('}', next);
      [[fallthrough]];
    case Next::key:
      return read_key(next);
    case Next::after_value:
      return continue_container(next);
  }
  return false;
}

bool Scanner::read_value(Next& next) {
  next = Next::after_value;
  if (at_ == end_) return refuse("expected a value, not the end");
  if (depth_ == 1 && items_ != nullptr) value_begin_ = at_;
  switch (*at_) {
    case '{':
      return open(true, next);
    case '[':
      return open(false, next);
    case '"':
      return read_string();
    case 't':
      return read_word("true");
    case 'f':
      return read_word("false");
    case 'n':
      return read_word("null");
    default:
      return read_number();
  }
}

bool Scanner::open(bool is_object, Next& next) {
  if (depth_ == json_depth_max) return refuse("nested too deeply");
  ++at_;
  objects_[depth_++] = is_object;
  next = is_object ? Next::first_key : Next::first_item;
  return true;
}

bool Scanner::close(char bracket, Next& next) {
  if (objects_[depth_ - 1] != (bracket == '}')) {
    --at_;
    return refuse("expected the other closing bracket");
  }
  --depth_;
  next = Next::after_value;
  return true;
}

bool Scanner::continue_container(Next& next) {
  if (take(',')) {
    next = objects_[depth_ - 1] ? Next::key : Next::value;
    return true;
  }
  if (take('}')) return close('}', next);
  if (take(']')) return close(']', next);
  return refuse(objects_[depth_ - 1] ? "expected ',' or '}'" : "expected ',' or ']'");
}

bool Scanner::read_key(Next& next) {
  if (at_ == end_ || *at_ != '"') return refuse("expected a string as key");
  const char* const begin = at_ + 1;
  if (!read_string()) return false;
  const char* const end = at_ - 1;
  skip_space();
  if (!take(':')) return refuse("expected ':'");
  skip_space();
  if (depth_ == 1 && members_ != nullptr) {
    members_->push_back({unescape({begin, end}), {}});
    value_begin_ = at_;
  }
  return read_value(next);
}

bool Scanner::read_string() {
  ++at_;
  for (;;) {
    for (auto count = kBlockBytes; count == kBlockBytes && static_cast<std::size_t>(end_ - at_) >= kBlockBytes;
         at_ += count)
      count = count_plain(at_);
    if (at_ == end_) return refuse("expected the end of the string");
    const auto c = static_cast<unsigned char>(*at_);
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c == '\\') {
      if (!read_escape()) return false;
    } else if (c >= 0x80) {
      do {
        const std::size_t length = utf8_length(at_, end_);
        if (length == 0) return refuse("invalid UTF-8");
        at_ += length;
      } while (at_ < end_ && static_cast<unsigned char>(*at_) >= 0x80);
    } else if (c < 0x20) {
      return refuse("a control character must be escaped");
    } else {
      ++at_;
    }
  }
}

bool Scanner::read_escape() {
  if (end_ - at_ < 2) return refuse("expected the end of the string");
  if (at_[1] != 'u') {
    if (escaped_character(at_[1]) == '\0') return refuse("unknown escape");
    at_ += 2;
    return true;
  }
  const int unit = read_hex4(at_ + 2, end_);
  if (unit < 0) return refuse("expected four hex digits after \\u");
  if (unit == 0) return refuse("\\u0000 cannot be stored");
  if (is_low_surrogate(unit)) return refuse("a lone surrogate is no character");
  if (is_high_surrogate(unit)) {
    const bool is_pair =
        end_ - at_ >= 12 && at_[6] == '\\' && at_[7] == 'u' && is_low_surrogate(read_hex4(at_ + 8, end_));
    if (!is_pair) return refuse("a lone surrogate is no character");
    at_ += 6;
  }
  at_ += 6;
  return true;
}

bool Scanner::read_digits() {
  if (at_ == end_ || !is_digit(*at_)) return refuse("expected a digit");
  while (at_ < end_ && is_digit(*at_)) ++at_;
  return true;
}

bool Scanner::read_number() {
  const bool is_negative = take('-');
  if (at_ == end_ || !is_digit(*at_)) return refuse(is_negative ? "expected a digit" : "expected a value");
  if (!take('0') && !read_digits()) return false;  // a leading zero ends the whole part
  if (take('.') && !read_digits()) return false;
  if (take('e') || take('E')) {
    if (!take('+')) static_cast<void>(take('-'));
    return read_digits();
  }
  return true;
}

bool Scanner::read_word(std::string_view word) {
  if (!std::string_view(at_, end_).starts_with(word)) return refuse("expected a value");
  at_ += word.size();
  return true;
}

}  // namespace

Result<void> validate_json(std::string_view text) {
  Scanner scanner(text);
  if (!scanner.scan(nullptr, nullptr)) return fail(scanner.error());
  return {};
}

Result<std::vector<JsonMember>> scan_object(std::string_view text) {
  std::vector<JsonMember> members;
  Scanner scanner(text);
  if (!scanner.scan(&members, nullptr)) return fail(scanner.error());
  if (!scanner.is_object()) return fail({Code::invalid, "expected a JSON object", "not_an_object"});
  return members;
}

Result<std::vector<std::string_view>> scan_array(std::string_view text) {
  std::vector<std::string_view> items;
  Scanner scanner(text);
  if (!scanner.scan(nullptr, &items)) return fail(scanner.error());
  if (!scanner.is_array()) return fail({Code::invalid, "expected a JSON array", "not_an_array"});
  return items;
}

std::optional<std::string> json_string(std::string_view value) {
  if (!value.starts_with('"')) return std::nullopt;
  Scanner scanner(value);
  if (!scanner.read_string() || !scanner.is_at_end()) return std::nullopt;
  return unescape(value.substr(1, value.size() - 2));
}

}  // namespace fairlead
