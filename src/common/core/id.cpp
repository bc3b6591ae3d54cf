#include "common/core/id.hpp"

#include <random>

#include "common/core/hex.hpp"

namespace fairlead {
namespace {

constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

int base32_value(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  for (int value = 0; value < 32; ++value) {
    if (kAlphabet[value] == c) return value;
  }
  return -1;
}

}  // namespace

std::string id_to_text(const IdBytes& bytes) {
  std::string text(26, '0');
  // 26 characters hold 130 bits: the first one carries three.
  for (int index = 0; index < 26; ++index) {
    int value = 0;
    for (int bit = index * 5 - 2; bit < index * 5 + 3; ++bit) {
      value = value << 1 | (bit < 0 ? 0 : bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1);
    }
    text[static_cast<std::size_t>(index)] = kAlphabet[value];
  }
  return text;
}

std::optional<IdBytes> id_from_text(std::string_view text) {
  if (text.size() != 26) return std::nullopt;
  IdBytes bytes{};
  for (int index = 0; index < 26; ++index) {
    const int value = base32_value(text[static_cast<std::size_t>(index)]);
    if (value < 0 || (index == 0 && value > 7)) return std::nullopt;
    for (int bit = 0; bit < 5; ++bit) {
      const int target = index * 5 - 2 + bit;
      if (target >= 0 && (value >> (4 - bit) & 1) != 0) {
        bytes[static_cast<std::size_t>(target / 8)] |= static_cast<std::uint8_t>(1 << (7 - target % 8));
      }
    }
  }
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
