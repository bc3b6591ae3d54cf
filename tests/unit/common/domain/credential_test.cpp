#include "common/domain/credential.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

// Goal: a scope's text and back; nothing else is a scope. Method: all, and near misses.
TEST(KeyScopes, HaveTexts) {
  for (const auto scope : {KeyScope::full, KeyScope::read_only, KeyScope::events_only})
    EXPECT_EQ(key_scope_from(to_text(scope)), scope);
  for (const char* text : {"", "Full", "read-only", "admin"}) EXPECT_FALSE(key_scope_from(text)) << text;
}

// Goal: of many uses one a minute is to be written, once. Method: uses around the minute.
TEST(KeyUses, AreNotedOnceAMinute) {
  KeyUse use;
  const TimePoint first{std::chrono::hours(500000)};
  EXPECT_FALSE(use.take());
  use.note(first);
  use.note(first + std::chrono::seconds(59));
  EXPECT_EQ(use.take(), first);
  EXPECT_FALSE(use.take());
  use.note(first + std::chrono::seconds(59));
  EXPECT_FALSE(use.take());
  use.note(first + std::chrono::seconds(60));
  EXPECT_EQ(use.take(), first + std::chrono::seconds(60));
}

}  // namespace
}  // namespace fairlead
