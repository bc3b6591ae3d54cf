#include "common/store/attempt_detail.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace fairlead::store {
namespace {

constexpr TimePoint kRequested{Micros{1'790'000'000'123'456}};

DeliveryId delivery() {
  DeliveryId id;
  for (std::size_t index = 0; index < id.bytes.size(); ++index) id.bytes[index] = static_cast<std::uint8_t>(index * 7);
  return id;
}

AttemptRecord usual() {
  AttemptRecord attempt;
  attempt.url = "https://hooks.example.com/in";
  attempt.address = "203.0.113.9:443";
  attempt.requested_at = kRequested;
  attempt.responded_at = kRequested + Micros{1234};
  attempt.reason_phrase = "OK";
  attempt.request_headers = {
      {"X-Convoy-Signature", "t=1790000000,v1=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
      {"webhook-id", to_text(delivery())},
      {"webhook-timestamp", "1790000000"},
      {"webhook-signature", "v1,n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="},
      {"Content-Type", "application/json"},
      {"Accept-Encoding", "gzip"},
      {"Fairlead-Hops", "1"},
      {"User-Agent", "Fairlead/0.1.0"}};
  attempt.response_headers = {{"content-length", "2"}, {"X-Own", "plain"}};
  attempt.response_body = std::string("o\0k\xff", 4);
  attempt.phases_us[0] = 0;
  attempt.phases_us[3] = 900;
  attempt.phases_us[4] = 1'200'000'000;
  return attempt;
}

AttemptRecord there_and_back(const AttemptRecord& attempt) {
  AttemptRecord read;
  read.requested_at = attempt.requested_at;
  const auto decoded = decode_detail(encode_detail(attempt, delivery()), delivery(), read);
  EXPECT_TRUE(decoded) << decoded.error().message;
  return read;
}

// Goal: what is kept comes back as it was. Method: a usual attempt, there and back, field by field.
TEST(AttemptDetail, KeepsEveryField) {
  const auto attempt = usual(), read = there_and_back(attempt);
  EXPECT_EQ(read.url, attempt.url);
  EXPECT_EQ(read.address, attempt.address);
  EXPECT_EQ(read.responded_at, attempt.responded_at);
  EXPECT_EQ(read.reason_phrase, attempt.reason_phrase);
  EXPECT_EQ(read.error, attempt.error);
  EXPECT_EQ(read.request_headers, attempt.request_headers);
  EXPECT_EQ(read.response_headers, attempt.response_headers);
  EXPECT_EQ(read.response_body, attempt.response_body);
  EXPECT_TRUE(std::ranges::equal(read.phases_us, attempt.phases_us));
}

// Goal: a first attempt is whole without columns, whichever clock was ahead. Method: times to both sides of the
// delivery's.
TEST(AttemptDetail, KeepsAFirstAttemptWhole) {
  for (const auto offset : {-5'000'000, -1, 0, 1, 7'654'321}) {
    auto attempt = usual();
    attempt.status = 299;
    attempt.failure = "none";
    attempt.requested_at = id_time(delivery().bytes) + Micros(offset);
    attempt.responded_at = attempt.requested_at + Micros(77);
    AttemptRecord read;
    ASSERT_TRUE(decode_first_attempt(encode_first_attempt(attempt, delivery()), delivery(), read));
    EXPECT_EQ(read.status, 299);
    EXPECT_EQ(read.failure, "none");
    EXPECT_EQ(read.requested_at, attempt.requested_at);
    EXPECT_EQ(read.responded_at, attempt.responded_at);
    EXPECT_EQ(read.response_body, attempt.response_body);
  }
}

// Goal: a usual attempt is small, which is what the form is for. Method: its size against its headers' text.
TEST(AttemptDetail, IsSmall) { EXPECT_LT(encode_detail(usual(), delivery()).size(), 230U); }

// Goal: values that only look like hashes, numbers or known words survive. Method: odd, upper-case, short and long runs
// of hex; base64 that is not canonical; several signatures in one value; empty names and values.
TEST(AttemptDetail, KeepsUnusualValues) {
  AttemptRecord attempt;
  attempt.requested_at = kRequested;
  attempt.error = "nobody listens";
  const std::string odd(33, 'a'), upper(64, 'A'), hash(44, 'f');
  for (const auto& value : {std::string(), odd, upper, hash, "x" + odd, std::string(31, '0'), std::string(128, '7'),
                            std::string("===="), std::string(43, 'A') + "=", "v1," + std::string(42, 'A') + "B=",
                            std::string("v1,n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg= v1,"), std::string(88, '='),
                            std::string("\0\xff\r\n", 4), std::string("Fairlead-Hops"), std::string(70'000, 'q')}) {
    attempt.request_headers.emplace_back("X-Value", value);
    attempt.response_headers.emplace_back(value.substr(0, 100), "close");
  }
  const auto read = there_and_back(attempt);
  EXPECT_EQ(read.request_headers, attempt.request_headers);
  EXPECT_EQ(read.response_headers, attempt.response_headers);
  EXPECT_EQ(read.error, attempt.error);
  EXPECT_FALSE(read.responded_at);
  EXPECT_TRUE(std::ranges::all_of(read.phases_us, [](auto phase) { return phase == -1; }));
}

// Goal: damaged bytes are an error, never a crash or an endless list. Method: every prefix, every byte changed, another
// version.
TEST(AttemptDetail, RefusesDamage) {
  auto attempt = usual();
  attempt.response_body.clear();
  const std::string good = encode_detail(attempt, delivery());
  AttemptRecord read;
  for (std::size_t size = 0; size < good.size(); ++size) {
    read = {};
    EXPECT_FALSE(decode_detail(std::string_view(good).substr(0, size), delivery(), read)) << size;
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 0x80);
    read = {};
    static_cast<void>(decode_detail(changed, delivery(), read));
  }
  auto newer = good;
  newer.front() = 2;
  EXPECT_FALSE(decode_detail(newer, delivery(), read));
}

}  // namespace
}  // namespace fairlead::store
