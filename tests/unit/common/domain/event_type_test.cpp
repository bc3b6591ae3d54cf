#include "common/domain/event_type.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

// Goal: which names are event types, and why others are not. Method: a table of name and reason.
TEST(CheckEventType, NamesTheFault) {
  const std::pair<std::string, std::string> cases[] = {{"a", ""},
                                                       {"invoice.paid", ""},
                                                       {"Zahlung über 5 €", ""},
                                                       {"*", ""},
                                                       {std::string(255, 'x'), ""},
                                                       {"\xc2\xa0", ""},
                                                       {"", "required"},
                                                       {std::string(256, 'x'), "too_long"},
                                                       {"a\xff", "invalid_utf8"},
                                                       {"\xc0\x80", "invalid_utf8"},
                                                       {"a\nb", "control_character"},
                                                       {std::string("a\0", 2), "control_character"},
                                                       {"\x7f", "control_character"},
                                                       {"a\xc2\x85", "control_character"}};
  for (const auto& [name, reason] : cases) {
    const auto result = check_event_type(name, "event_type");
    EXPECT_EQ(result.has_value(), reason.empty()) << name;
    if (result) continue;
    EXPECT_EQ(result.error().code, Code::invalid);
    EXPECT_EQ(result.error().reason, reason) << name;
    EXPECT_EQ(result.error().field, "event_type");
  }
}

// Goal: a star stands alone or as the last part. Method: a table.
TEST(CheckEventTypePattern, LimitsTheStar) {
  for (const char* pattern : {"*", "a", "a.*", "a.b.*", "a b.*", "é.*"})
    EXPECT_TRUE(check_event_type_pattern(pattern, "f")) << pattern;
  for (const char* pattern : {"a*", "*a", "*.a", "a.*.b", "**", "a.**", "*.*", "a.* "}) {
    const auto result = check_event_type_pattern(pattern, "f");
    ASSERT_FALSE(result) << pattern;
    EXPECT_EQ(result.error().reason, "invalid_pattern");
    EXPECT_EQ(result.error().field, "f");
  }
  EXPECT_EQ(check_event_type_pattern("", "f").error().reason, "required");
}

// Goal: what each kind of pattern selects. Method: a table.
TEST(MatchesEventType, FollowsThePattern) {
  struct Case {
    const char *pattern, *name;
    bool matches;
  };
  const Case cases[] = {
      {"*", "anything.at.all", true},           {"*", "x", true},
      {"invoice.paid", "invoice.paid", true},   {"invoice.paid", "invoice.paid2", false},
      {"invoice.paid", "Invoice.paid", false},  {"invoice.*", "invoice.paid", true},
      {"invoice.*", "invoice.paid.late", true}, {"invoice.*", "invoice.", false},
      {"invoice.*", "invoice", false},          {"invoice.*", "invoices.paid", false},
      {"invoice.*", "invoice.*", true},         {"invoice.*", "my.invoice.paid", false},
  };
  for (const auto& [pattern, name, matches] : cases)
    EXPECT_EQ(matches_event_type(pattern, name), matches) << pattern << " " << name;
  EXPECT_TRUE(is_glob("invoice.*"));
  EXPECT_FALSE(is_glob("*"));
  EXPECT_FALSE(is_glob("invoice.paid"));
}

}  // namespace
}  // namespace fairlead
