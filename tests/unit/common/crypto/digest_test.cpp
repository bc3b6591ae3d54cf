#include "common/crypto/digest.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>
#include <vector>

namespace fairlead::crypto {
namespace {

std::string hex_of(const std::array<std::uint8_t, 32>& digest) {
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// Goal: SHA-256 is right, also when a thread's context is used again. Method: FIPS 180-4 examples, one after another.
TEST(Sha256, MatchesPublishedVectors) {
  EXPECT_EQ(hex_of(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_of(sha256({})), hex_of(sha256("")));
  EXPECT_EQ(hex_of(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_of(sha256(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Goal: HMAC is right for short, long and empty keys and both hashes. Method: RFC 4231 cases 1, 2, 6 and empty input.
TEST(Hmac, MatchesPublishedVectors) {
  EXPECT_EQ(to_hex(hmac(Hash::sha256, std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(
      to_hex(hmac(Hash::sha512, "Jefe", "what do ya want for nothing?")),
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b"
      "636e070a38bce737");
  EXPECT_EQ(
      to_hex(hmac(Hash::sha256, std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(to_hex(hmac(Hash::sha256, {}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// Goal: threads do not disturb each other's contexts. Method: four threads with their own keys, compared with one
// thread.
TEST(Hmac, IsIndependentPerThread) {
  std::vector<std::string> expected, found(4);
  for (int index = 0; index < 4; ++index) expected.push_back(hmac(Hash::sha256, std::to_string(index), "body"));
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < 4; ++index) {
    threads.emplace_back([index, &found] {
      for (int round = 0; round < 500; ++round) found[index] = hmac(Hash::sha256, std::to_string(index), "body");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(found, expected);
}

// Goal: base64 both ways. Method: RFC 4648 §10 and every byte value.
TEST(Base64, GoesThereAndBack) {
  const std::pair<std::string, std::string> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"},
                                                       {"\xfb\xff\xbf", "+/+/"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  std::string all;
  for (int value = 0; value < 256; ++value) all += static_cast<char>(value);
  EXPECT_EQ(from_base64(to_base64(all)), all);
}

// Goal: only the one canonical spelling is taken. Method: texts that lenient decoders accept.
TEST(Base64, RefusesEverythingElse) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zh==", "Zm9=", "Zm9v\n", "Zm 9v", "Zm9-", "Zm9_",
                           "Zg==Zg==", "Z=g="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

// Goal: comparison by content and length. Method: equal, differing, shorter, empty.
TEST(EqualConstantTime, ComparesWholeStrings) {
  EXPECT_TRUE(equal_constant_time("abc", std::string("abc")));
  EXPECT_TRUE(equal_constant_time({}, ""));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
  EXPECT_FALSE(equal_constant_time("", "a"));
}

// Goal: hex is lower case with leading zeros. Method: edge bytes.
TEST(Hex, IsLowerCase) { EXPECT_EQ(to_hex(std::string_view("\x00\x0f\xf0\xff", 4)), "000ff0ff"); }

// Goal: random text has the length and only the alphabet, evenly. Method: 62,000 characters over an alphabet that does
// not divide 256; each count within six standard deviations (190) of 1,000.
TEST(Random, TextIsEven) {
  const std::string alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::map<char, int> counts;
  for (const char c : random_text(62000, alphabet)) ++counts[c];
  ASSERT_EQ(counts.size(), 62U);
  for (const auto& [character, count] : counts) {
    EXPECT_NE(alphabet.find(character), std::string::npos);
    EXPECT_NEAR(count, 1000, 190) << character;
  }
  EXPECT_EQ(random_text(5, "x"), "xxxxx");
  EXPECT_EQ(random_text(0, "x"), "");
}

// Goal: random bytes have the length and do not repeat. Method: a thousand draws of 16 bytes.
TEST(Random, BytesDiffer) {
  std::set<std::string> seen;
  for (int draw = 0; draw < 1000; ++draw) seen.insert(random_bytes(16));
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_EQ(seen.begin()->size(), 16U);
}

}  // namespace
}  // namespace fairlead::crypto
