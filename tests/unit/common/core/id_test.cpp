#include "common/core/id.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};

IdBytes bytes_of(std::uint8_t first, std::uint8_t step) {
  IdBytes bytes{};
  for (std::size_t index = 0; index < 16; ++index) bytes[index] = static_cast<std::uint8_t>(first + step * index);
  return bytes;
}

// Goal: both text forms are right and come back. Method: known values and a pattern of bytes.
TEST(Id, GoesThereAndBack) {
  EXPECT_EQ(id_to_text(IdBytes{}), "00000000000000000000000000");
  EXPECT_EQ(id_to_text(bytes_of(0xff, 0)), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(id_to_text(id_from_uuid("01563e3a-b5d3-d676-4c61-efb99302bd5b").value()), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_EQ(id_to_uuid(bytes_of(0, 0x11)), "00112233-4455-6677-8899-aabbccddeeff");
  for (const auto& bytes : {bytes_of(0, 0), bytes_of(0xff, 0), bytes_of(3, 0x1d), bytes_of(0x80, 0x55)}) {
    EXPECT_EQ(id_from_text(id_to_text(bytes)), bytes);
    EXPECT_EQ(id_from_uuid(id_to_uuid(bytes)), bytes);
  }
  EXPECT_EQ(id_from_text("01arz3ndektsv4rrffq69g5fav"), id_from_text("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
  EXPECT_EQ(id_from_uuid("00112233-4455-6677-8899-AABBCCDDEEFF"), bytes_of(0, 0x11));
  EXPECT_TRUE(EventId{}.is_nil());
  EXPECT_FALSE(parse_id<struct EventTag>("7ZZZZZZZZZZZZZZZZZZZZZZZZZ")->is_nil());
}

// Goal: nothing else is an id. Method: wrong lengths, letters and places.
TEST(Id, RefusesOtherTexts) {
  for (const std::string text :
       {"", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVX", "81ARZ3NDEKTSV4RRFFQ69G5FAV",
        "01ARZ3NDEKTSV4RRFFQ69G5FAI", "01ARZ3NDEKTSV4RRFFQ69G5FAL", "01ARZ3NDEKTSV4RRFFQ69G5FAO",
        "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01ARZ3NDEKTSV4RRFFQ69G5FA-", "01ARZ3NDEKTSV4RRFFQ69G5F\xc3\xa9"}) {
    EXPECT_FALSE(id_from_text(text)) << text;
  }
  EXPECT_FALSE(id_from_text(std::string(26, '\0')));
  for (const std::string text : {"", "0011223344556677-8899-aabbccddeeff-00", "00112233-4455-6677-8899-aabbccddeef",
                                 "00112233-4455-6677-8899-aabbccddeefg", "00112233+4455-6677-8899-aabbccddeeff",
                                 "{0112233-4455-6677-8899-aabbccddeeff}"}) {
    EXPECT_FALSE(id_from_uuid(text)) << text;
  }
}

// Goal: text, uuid and bytes sort alike, by time. Method: ids of rising times with falling tails.
TEST(Id, SortsByTime) {
  std::string last_text, last_uuid;
  IdBytes last{};
  for (int millis = 0; millis < 300; ++millis) {
    std::array<std::uint8_t, 10> tail;
    tail.fill(static_cast<std::uint8_t>(255 - millis % 256));
    const TimePoint time = kStart + millis * 7ms;
    const IdBytes bytes = make_id_bytes(time + 999us, tail);
    EXPECT_EQ(id_time(bytes), time);
    EXPECT_GT(bytes, last);
    EXPECT_GT(id_to_text(bytes), last_text);
    EXPECT_GT(id_to_uuid(bytes), last_uuid);
    EXPECT_TRUE(std::equal(tail.begin(), tail.end(), bytes.begin() + 6));
    last = bytes;
    last_text = id_to_text(bytes);
    last_uuid = id_to_uuid(bytes);
  }
}

// Goal: ids rise within a millisecond and when the clock goes back, and keep their time otherwise. Method: one maker.
TEST(IdMaker, NeverGoesBack) {
  IdMaker maker;
  IdBytes last{};
  for (int round = 0; round < 20000; ++round) {
    const IdBytes made = maker.next(kStart);
    ASSERT_GT(made, last);
    last = made;
  }
  EXPECT_EQ(id_time(last), kStart);
  const IdBytes earlier = maker.next(kStart - 1h);
  EXPECT_GT(earlier, last);
  EXPECT_EQ(id_time(earlier), kStart);
  EXPECT_EQ(id_time(maker.next(kStart + 1ms)), kStart + 1ms);
}

// Goal: two makers do not make the same ids. Method: the same time, a thousand each.
TEST(IdMaker, DiffersFromOthers) {
  IdMaker one, other;
  std::set<IdBytes> seen;
  for (int round = 0; round < 1000; ++round) {
    seen.insert(one.next(kStart));
    seen.insert(other.next(kStart));
  }
  EXPECT_EQ(seen.size(), 2000U);
}

// Goal: ids of like times spread in hash tables. Method: ten thousand of one maker, hashes distinct.
TEST(IdHash, Spreads) {
  IdMaker maker;
  std::set<std::size_t> hashes;
  for (int round = 0; round < 10000; ++round) hashes.insert(std::hash<EventId>{}(EventId{maker.next(kStart)}));
  EXPECT_GT(hashes.size(), 9990U);
}

}  // namespace
}  // namespace fairlead
