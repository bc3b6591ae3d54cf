#include "common/crypto/seal.hpp"

#include <gtest/gtest.h>

#include "common/crypto/digest.hpp"

namespace fairlead::crypto {
namespace {

constexpr char kKey[] = "flk1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";  // bytes 00..1f

Sealer make_sealer(const std::string& key) { return Sealer::from_text(Secret(key)).value(); }

// Goal: what was sealed opens, also when it is empty or binary. Method: there and back under a new key.
TEST(Sealer, OpensWhatItSealed) {
  const Sealer sealer = make_sealer(make_master_key());
  for (const std::string& plain :
       {std::string(), std::string("s3cret"), std::string("\0\xff\n", 3), std::string(5000, 'x')}) {
    const std::string sealed = sealer.seal(plain, "01ROW");
    EXPECT_EQ(sealed.size(), plain.size() + 36);
    const auto opened = sealer.open(sealed, "01ROW");
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->reveal(), plain);
  }
  EXPECT_TRUE(sealer.open(sealer.seal("x", ""), ""));
}

// Goal: the stored layout never changes by accident. Method: a value sealed by an independent implementation (Python's
// cryptography) with key 00..1f, nonce 20..2b and context "row".
TEST(Sealer, ReadsTheStoredLayout) {
  const auto sealed = from_base64("Yw3NKWbEM2YgISIjJCUmJygpKiu6X8ocAzEbMpD6YozEj3xiK7GRWX4=");
  ASSERT_TRUE(sealed);
  const auto opened = make_sealer(kKey).open(*sealed, "row");
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->reveal(), "hello");
  EXPECT_EQ(to_hex(sealed->substr(0, 8)), "630dcd2966c43366");
}

// Goal: equal secrets cannot be told from their sealed forms. Method: seal twice.
TEST(Sealer, NeverRepeatsItself) {
  const Sealer sealer = make_sealer(kKey);
  EXPECT_NE(sealer.seal("same", "row"), sealer.seal("same", "row"));
}

// Goal: nothing opens but the untouched value in its own row. Method: flip each byte; cut; another row; another key.
TEST(Sealer, RefusesWhatWasChanged) {
  const Sealer sealer = make_sealer(kKey);
  const std::string sealed = sealer.seal("secret", "row");
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto opened = sealer.open(changed, "row");
    ASSERT_FALSE(opened) << at;
    EXPECT_EQ(opened.error().code, Code::internal);
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(sealer.open(sealed.substr(0, size), "row")) << size;
  EXPECT_FALSE(sealer.open(sealed + "x", "row"));
  EXPECT_FALSE(sealer.open(sealed, "other"));
  EXPECT_FALSE(sealer.open(sealed, ""));
  EXPECT_FALSE(make_sealer(make_master_key()).open(sealed, "row"));
}

// Goal: only a master key makes a sealer, and the error does not show the text. Method: near misses.
TEST(Sealer, RefusesOtherTexts) {
  for (const std::string text :
       {"", "flk1_", "flk2_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "flk1_AAEC",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "flk1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "flk1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"}) {
    const auto sealer = Sealer::from_text(Secret(text));
    ASSERT_FALSE(sealer) << text;
    EXPECT_EQ(sealer.error().code, Code::invalid);
    EXPECT_EQ(sealer.error().message.find("AAEC"), std::string::npos);
  }
  EXPECT_NE(make_master_key(), make_master_key());
}

}  // namespace
}  // namespace fairlead::crypto
