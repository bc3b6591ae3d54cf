#include "common/domain/filter_set.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

FilterText body_filter(std::string body) {
  FilterText text;
  text.of(FilterScope::body) = std::move(body);
  return text;
}

// Goal: the exact type's filter goes before the longest glob's, that before "*"; disabled ones do not count, and only
// disabled ones mean no match. Method: sets that lack one after the other.
TEST(SubscriptionFilters, ChooseByPrecedence) {
  const auto filter = [](const char* type, bool is_enabled = true) {
    return make_type_filter({}, type, is_enabled, body_filter("{}"));
  };
  const auto chosen = [](std::vector<TypeFilter> filters, std::string_view type) -> std::string {
    const SubscriptionFilters set(std::move(filters));
    const auto choice = set.choose(type);
    if (choice.selection == FilterSelection::none) return "none";
    return choice.filter == nullptr ? "disabled" : choice.filter->event_type;
  };
  EXPECT_EQ(chosen({filter("*"), filter("a.*"), filter("a.b.*"), filter("a.b.c")}, "a.b.c"), "a.b.c");
  EXPECT_EQ(chosen({filter("*"), filter("a.*"), filter("a.b.*"), filter("a.b.c", false)}, "a.b.c"), "a.b.*");
  EXPECT_EQ(chosen({filter("*"), filter("a.*"), filter("a.b.*")}, "a.x"), "a.*");
  EXPECT_EQ(chosen({filter("*"), filter("a.*")}, "b"), "*");
  EXPECT_EQ(chosen({filter("*", false), filter("a.*", false)}, "a.b"), "disabled");
  EXPECT_EQ(chosen({filter("x")}, "a.b"), "none");
}

// Goal: an index is offered only where one filter speaks for every event of a pattern. Method: sets that overlap.
TEST(SubscriptionFilters, IndexOnlyWhatIsCertain) {
  const auto filter = [](const char* type, bool is_enabled = true) {
    return make_type_filter({}, type, is_enabled, body_filter(R"({"a":1})"));
  };
  const auto has = [](std::vector<TypeFilter> filters, std::string_view pattern) {
    return SubscriptionFilters(std::move(filters)).find_equality(pattern).has_value();
  };
  EXPECT_TRUE(has({filter("a.b"), filter("a.c")}, "a.b"));
  EXPECT_TRUE(has({filter("*")}, "a.*"));
  EXPECT_TRUE(has({filter("a.*")}, "a.b.*"));
  EXPECT_FALSE(has({filter("a.b")}, "a.*"));
  EXPECT_FALSE(has({filter("*"), filter("a.b")}, "a.*"));
  EXPECT_FALSE(has({filter("a.b", false)}, "a.b"));
  EXPECT_FALSE(has({filter("*"), filter("a.b")}, "a.b"));
  EXPECT_FALSE(has({filter("x")}, "a.b"));
}

// Goal: what cannot be judged hurts nobody else and says why. Method: an unreadable filter; one that needs more than is
// left; one that needs more than any may.
TEST(SubscriptionFilters, SayWhatCannotBeJudged) {
  const auto judged = [](const char* filter, std::int64_t steps, const std::string& body) {
    const SubscriptionFilters set({make_type_filter({}, "*", true, body_filter(filter))});
    FilterSubject subject({.body = body});
    FilterBudget budget(steps);
    return judge_filters(&set, "t", subject, budget);
  };
  const auto broken = judged("[", 1000, "{}");
  EXPECT_EQ(broken.kind, FilterVerdict::Kind::unevaluable);
  EXPECT_EQ(broken.reason.substr(0, 21), "filter is unreadable:");
  EXPECT_EQ(judged(R"({"a":1})", 3, R"({"a":1})").kind, FilterVerdict::Kind::deferred);
  const std::string text = R"({"a":")" + std::string(900'000, 'b') + R"("})";
  const auto costly = judged(R"({"a":{"$regex":"(a|b)*a(a|b){60}"}})", filter_limits::steps_max, text);
  EXPECT_EQ(costly.kind, FilterVerdict::Kind::unevaluable);
  FilterSubject subject({.body = "{}"});
  FilterBudget budget(10);
  EXPECT_EQ(judge_filters(nullptr, "t", subject, budget).kind, FilterVerdict::Kind::no_filter);
}

}  // namespace
}  // namespace fairlead
