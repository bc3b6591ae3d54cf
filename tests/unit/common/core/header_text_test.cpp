#include "common/core/header_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead {
namespace {

// Goal: a token's characters are those of RFC 9110 §5.6.2 and no others. Method: every byte alone and inside a name.
TEST(HeaderText, KnowsTokenCharacters) {
  const std::string marks = "!#$%&'*+-.^_`|~";
  for (int value = 0; value < 256; ++value) {
    const char c = static_cast<char>(value);
    const bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool expected = is_alphanumeric || (value > 0 && marks.find(c) != std::string::npos);
    EXPECT_EQ(is_token(std::string(1, c)), expected) << value;
    EXPECT_EQ(is_token(std::string("X-") + c + "Key"), expected) << value;
  }
  EXPECT_FALSE(is_token(""));
}

// Goal: a control character is found wherever it stands, a tab and bytes beyond ASCII are none. Method: every byte at
// every place of values up to 40 bytes.
TEST(HeaderText, FindsControlCharacters) {
  EXPECT_TRUE(is_header_value(""));
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      std::string text(size, 'v');
      for (int value = 0; value < 256; ++value) {
        text[place] = static_cast<char>(value);
        const bool expected = (value >= 0x20 && value != 0x7f) || value == '\t';
        ASSERT_EQ(is_header_value(text), expected) << value << " at " << place << " of " << size;
      }
    }
  }
}

}  // namespace
}  // namespace fairlead
