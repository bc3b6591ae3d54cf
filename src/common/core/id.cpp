#include "common/core/id.hpp"

#include <random>

#include "common/core/hex.hpp"

namespace fairlead {
namespace {

constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::uint8_t kNoDigit = 0xff;

// Of each character, both cases.
constexpr std::array<std::uint8_t, 256> kBase32Values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t value = 0; value < 32; ++value) {
    const char c = kAlphabet[value];
    values[static_cast<unsigned char>(c)] = value;
    if (c >= 'A') values[static_cast<unsigned char>(c - 'A' + 'a')] = value;
  }
  return values;
}();

// An id as one number. Its text is that number to the base of 32: of the 130 bits of 26 digits the first two are zero.
__extension__ using Bits = unsigned __int128;

Bits bits_of(const IdBytes& bytes) {
  Bits bits = 0;
  for (const auto byte : bytes) bits = bits << 8 | byte;
  return bits;
}

}  // namespace

std::string id_to_text(const IdBytes& bytes) {
  std::string text(26, '0');
  Bits bits = bits_of(bytes);
  for (std::size_t index = 26; index-- > 0; bits >>= 5) text[index] = kAlphabet[static_cast<unsigned>(bits) & 31];
  return text;
}

std::optional<IdBytes> id_from_text(std::string_view text) {
  if (text.size() != 26 || kBase32Values[static_cast<unsigned char>(text.front())] > 7) return std::nullopt;
  Bits bits = 0;
  for (const char c : text) {
    const auto value = kBase32Values[static_cast<unsigned char>(c)];
    if (value == kNoDigit) return std::nullopt;
    bits = bits << 5 | value;
  }
  IdBytes bytes;
  for (std::size_t index = 16; index-- > 0; bits >>= 8) bytes[index] = static_cast<std::uint8_t>(bits);
  return bytes;
}

std::string id_to_uuid(const IdBytes& bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t index = 0; index < 16; ++index) {
    if (index == 4 || index == 6 || index == 8 || index == 10) text += '-';
    text += kHex[bytes[index] >> 4];
    text += kHex[bytes[index] & 15];
  }
  return text;
}

std::optional<IdBytes> id_from_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  IdBytes bytes{};
  std::size_t at = 0;
  for (std::size_t index = 0; index < 16; ++index) {
    if (index == 4 || index == 6 || index == 8 || index == 10) {
      if (text[at++] != '-') return std::nullopt;
    }
    const int high = hex_value(text[at]), low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[index] = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  return bytes;
}

TimePoint id_time(const IdBytes& bytes) {
  std::uint64_t millis = 0;
  for (std::size_t index = 0; index < 6; ++index) millis = millis << 8 | bytes[index];
  return TimePoint{std::chrono::milliseconds{millis}};
}

IdBytes make_id_bytes(TimePoint time, const std::array<std::uint8_t, 10>& tail) {
  const auto millis = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
  IdBytes bytes{};
  for (std::size_t index = 0; index < 6; ++index) bytes[index] = static_cast<std::uint8_t>(millis >> (40 - 8 * index));
  std::memcpy(bytes.data() + 6, tail.data(), 10);
  return bytes;
}

IdMaker::IdMaker() {
  std::random_device device;
  for (auto& word : state_) word = static_cast<std::uint64_t>(device()) << 32 | device();
}

std::uint64_t IdMaker::random() {  // xorshift128+: uniqueness, not secrecy
  std::uint64_t x = state_[0];
  const std::uint64_t y = state_[1];
  state_[0] = y;
  x ^= x << 23;
  state_[1] = x ^ y ^ (x >> 17) ^ (y >> 26);
  return state_[1] + y;
}

IdBytes IdMaker::next(TimePoint now) {
  std::array<std::uint8_t, 10> tail;
  const std::uint64_t first = random(), second = random();
  std::memcpy(tail.data(), &first, 8);
  std::memcpy(tail.data() + 8, &second, 2);
  IdBytes made = make_id_bytes(now, tail);
  if (made <= last_) {  // same millisecond, or a clock that went back: one above the last
    made = last_;
    for (std::size_t index = 16; index-- > 0;) {
      if (++made[index] != 0) break;
    }
  }
  last_ = made;
  return made;
}

}  // namespace fairlead
