#include "data_plane/match/matching.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace fairlead::match {
namespace {

template <class Tag>
Id<Tag> id_of(int number) {
  Id<Tag> id;
  for (int index = 0; index < 4; ++index)
    id.bytes[static_cast<std::size_t>(15 - index)] = static_cast<std::uint8_t>(number >> (8 * index));
  return id;
}
template <class Tag>
int number_of(const Id<Tag>& id) {
  return id.bytes[15] | id.bytes[14] << 8 | id.bytes[13] << 16;
}
const ProjectId kProject = id_of<ProjectTag>(1);

// A project built up change by change, as the data plane reads it.
class World {
 public:
  void endpoint(int number, std::string owner = "") {
    store::EndpointChange change{.project = kProject, .endpoint = {}};
    change.endpoint.id = id_of<EndpointTag>(number);
    change.endpoint.owner_id = std::move(owner);
    changes_.endpoints.push_back(std::move(change));
  }
  void subscription(int number, int endpoint, std::vector<std::string> types, bool is_deleted = false) {
    store::SubscriptionChange change{.project = kProject, .is_deleted = is_deleted, .subscription = {}};
    change.subscription.id = id_of<SubscriptionTag>(number);
    change.subscription.endpoint = id_of<EndpointTag>(endpoint);
    change.subscription.event_types = std::move(types);
    changes_.subscriptions.push_back(std::move(change));
  }
  struct Given {
    int number;
    int subscription;
    std::string type;
    std::string body;
    bool is_enabled = true;
    bool is_deleted = false;
  };
  void filter(Given given) {
    FilterText text;
    text.of(FilterScope::body) = given.body;
    store::FilterChange change{
        .project = kProject,
        .subscription = id_of<SubscriptionTag>(given.subscription),
        .is_deleted = given.is_deleted,
        .filter = make_type_filter(id_of<FilterTag>(given.number), given.type, given.is_enabled, text)};
    changes_.filters.push_back(std::move(change));
  }
  void apply() {
    changes_.version = snapshot_->version + 1;
    changes_.projects = {{.id = kProject, .organisation = {}, .version = changes_.version, .settings = {}}};
    snapshot_ = apply_changes(*snapshot_, changes_);
    changes_ = {};
  }
  [[nodiscard]] const ProjectView& project() const { return *snapshot_->projects.at(kProject); }

 private:
  SnapshotPtr snapshot_ = std::make_shared<Snapshot>();
  store::ConfigChanges changes_;
};

EventContent event(std::string type, std::string body) {
  return {.event_type = std::move(type), .body = std::make_shared<const std::string>(std::move(body))};
}
const Target kEverybody{};
Target owned(std::string owner) { return {.endpoint = std::nullopt, .owner_id = std::move(owner)}; }

std::vector<int> matched(const World& world, const Target& target, const EventContent& content) {
  std::vector<int> numbers;
  const auto found = match_event(world.project(), {.target = target, .content = content, .matches_max = 100000});
  EXPECT_FALSE(found.next);
  for (const auto& match : found.matches) numbers.push_back(number_of(match.subscription->id));
  return numbers;
}

// Goal: a filter lets pass what it matches, only for its type, and only while it is enabled and there. Method: one
// subscription through a filter's life, beside one without filters.
TEST(MatchEvent, AppliesTheFiltersLife) {
  World world;
  world.endpoint(1, "o");
  world.subscription(11, 1, {"*"});
  world.subscription(12, 1, {"*"});
  world.filter({.number = 1, .subscription = 12, .type = "paid", .body = R"({"amount":{"$gte":5}})"});
  world.apply();
  EXPECT_EQ(matched(world, owned("o"), event("paid", R"({"amount":5})")), (std::vector{11, 12}));
  EXPECT_EQ(matched(world, owned("o"), event("paid", R"({"amount":4})")), (std::vector{11}));
  EXPECT_EQ(matched(world, owned("o"), event("other", R"({"amount":4})")), (std::vector{11, 12}));
  world.filter({.number = 1, .subscription = 12, .type = "paid", .body = "{}", .is_enabled = false});
  world.apply();
  EXPECT_EQ(matched(world, owned("o"), event("paid", R"({"amount":5})")), (std::vector{11}));
  world.filter({.number = 1, .subscription = 12, .type = "paid", .body = "{}", .is_deleted = true});
  world.apply();
  EXPECT_EQ(matched(world, owned("o"), event("paid", R"({"amount":1})")), (std::vector{11, 12}));
  EXPECT_EQ(world.project().filtered_count, 0U);
}

// Goal: a subscription that is written again keeps its filters, and one that is deleted takes them along. Method: both.
TEST(MatchEvent, KeepsFiltersOfWrittenSubscriptions) {
  World world;
  world.endpoint(1, "o");
  world.subscription(11, 1, {"paid"});
  world.filter({.number = 1, .subscription = 11, .type = "paid", .body = R"({"a":1})"});
  world.apply();
  world.subscription(11, 1, {"paid", "refund"});
  world.apply();
  EXPECT_EQ(matched(world, owned("o"), event("paid", R"({"a":2})")), (std::vector<int>{}));
  EXPECT_EQ(matched(world, owned("o"), event("paid", R"({"a":1.0})")), (std::vector{11}));
  EXPECT_EQ(matched(world, owned("o"), event("refund", R"({"a":2})")), (std::vector{11}));
  world.subscription(11, 1, {}, true);
  world.apply();
  EXPECT_EQ(world.project().filtered_count, 0U);
  EXPECT_EQ(world.project().by_value.size(), 0U);
  EXPECT_EQ(world.project().indexed_keys.size(), 0U);
}

// Goal: a broadcast gives an endpoint its lowest subscription that matches. Method: the lowest one's filter fails.
TEST(MatchEvent, BroadcastsToTheLowestThatMatches) {
  World world;
  for (int number = 1; number <= 3; ++number) world.endpoint(number);
  world.subscription(11, 1, {"news"});
  world.subscription(12, 1, {"*"});
  world.subscription(13, 2, {"news"});
  world.subscription(14, 3, {"news"});
  world.subscription(15, 3, {"*"});
  world.filter({.number = 1, .subscription = 11, .type = "news", .body = R"({"lang":"de"})"});
  world.filter({.number = 2, .subscription = 13, .type = "news", .body = R"({"lang":"de"})"});
  world.apply();
  EXPECT_EQ(matched(world, kEverybody, event("news", R"({"lang":"fr"})")), (std::vector{12, 14}));
  EXPECT_EQ(matched(world, kEverybody, event("news", R"({"lang":"de"})")), (std::vector{11, 13, 14}));
}

// Goal: a filter that cannot be read hurts its own subscription alone, and leaves a match that says why. Method: one
// beside two good ones.
TEST(MatchEvent, ShowsWhatCannotBeEvaluated) {
  World world;
  world.endpoint(1, "o");
  for (int number = 11; number <= 13; ++number) world.subscription(number, 1, {"*"});
  world.filter({.number = 1, .subscription = 12, .type = "*", .body = R"({"a":{"$unknown":1}})"});
  world.filter({.number = 2, .subscription = 13, .type = "*", .body = R"({"a":1})"});
  world.apply();
  const auto content = event("t", R"({"a":1})");
  const auto found = match_event(world.project(), {.target = owned("o"), .content = content, .matches_max = 10});
  ASSERT_EQ(found.matches.size(), 3U);
  EXPECT_EQ(discard_reason(found.matches[0]), "");
  EXPECT_EQ(discard_reason(found.matches[1]).substr(0, 20), "filter is unreadable");
  EXPECT_EQ(discard_reason(found.matches[2]), "");
}

// Goal: filters that take too long for the answer are put off, and one of them is given up with a reason while the
// others match. Method: a regular expression that no automaton holds, on a long text, then chunks to the end.
TEST(MatchEvent, PutsOffWhatTakesLong) {
  World world;
  world.endpoint(1, "o");
  for (int number = 11; number <= 14; ++number) world.subscription(number, 1, {"*"});
  world.filter({.number = 1, .subscription = 12, .type = "*", .body = R"({"a":{"$regex":"(a|b)*a(a|b){60}"}})"});
  world.filter({.number = 2, .subscription = 13, .type = "*", .body = R"({"a":{"$regex":"b"}})"});
  world.apply();
  const auto content = event("t", R"({"a":")" + std::string(800'000, 'b') + R"("})");
  const auto target = owned("o");
  EXPECT_TRUE(match_event(world.project(), {.target = target, .content = content, .matches_max = 10}).next);
  std::vector<std::string> reasons;
  std::optional<SubscriptionId> after;
  for (int chunk = 0; chunk < 10; ++chunk) {
    auto found = match_event(world.project(), {.target = target,
                                               .content = content,
                                               .after = after,
                                               .matches_max = 2,
                                               .steps_max = chunk_steps_max,
                                               .has_progress = true});
    for (const auto& match : found.matches) reasons.push_back(match.unevaluable.empty() ? "sent" : "given up");
    after = found.next;
    if (!after) break;
  }
  EXPECT_FALSE(after);
  EXPECT_EQ(reasons, (std::vector<std::string>{"sent", "given up", "sent", "sent"}));
}

// Goal: chunks of any size give together what one gives. Method: a fan-out and a broadcast, filters of every third.
TEST(MatchEvent, ChunksAddUp) {
  World world;
  for (int number = 1; number <= 7; ++number) world.endpoint(number, "o");
  for (int number = 0; number < 60; ++number) {
    world.subscription(100 + number, 1 + number % 7, {"t"});
    if (number % 3 == 0)
      world.filter({.number = number,
                    .subscription = 100 + number,
                    .type = "t",
                    .body = number % 2 ? R"({"a":1})" : R"({"b":1})"});
  }
  world.apply();
  const auto content = event("t", R"({"a":1})");
  for (const auto& target : {owned("o"), kEverybody}) {
    const auto whole = matched(world, target, content);
    for (std::size_t size : {1U, 3U, 50U}) {
      std::vector<int> parts;
      std::optional<SubscriptionId> after;
      do {
        const auto found =
            match_event(world.project(), {.target = target, .content = content, .after = after, .matches_max = size});
        EXPECT_LE(found.matches.size(), size);
        for (const auto& match : found.matches) parts.push_back(number_of(match.subscription->id));
        after = found.next;
      } while (after && parts.size() < 100);
      EXPECT_EQ(parts, whole) << size;
    }
  }
}

// Goal: the index finds exactly what looking at every filter would. Method: many kinds of conditions on a few values,
// several types and globs, against a judgement of each subscription by itself.
TEST(MatchEvent, IndexAgreesWithLookingAtAll) {
  const std::vector<std::string> filters{R"({"k":1})",
                                         R"({"k":"1"})",
                                         R"({"k":{"$in":["x",2]}})",
                                         R"({"k":null})",
                                         R"({"k":true})",
                                         R"({"k":{"$neq":1}})",
                                         R"({"k.n":"x"})",
                                         R"({"k":1,"z":{"$gt":3}})",
                                         R"({"$or":[{"k":1},{"k":2}]})",
                                         R"({"l":"1"})"};
  const std::vector<std::string> bodies{R"({"k":1.0})",
                                        R"({"k":"1"})",
                                        R"({"k":"x","l":1})",
                                        R"({"k":[2,null]})",
                                        R"({"k":{"n":"x"}})",
                                        R"({"k":1,"z":4})",
                                        R"({})",
                                        R"({"k":true,"k":1})",
                                        "[1]",
                                        R"({"k.n":["x"]})"};
  const std::vector<std::string> types{"a.b", "a.*", "*", "c"};
  World world;
  world.endpoint(1, "o");
  int number = 1000;
  for (const auto& type : types) {
    for (const auto& filter : filters) {
      world.subscription(++number, 1, {type, "c"});
      world.filter({.number = number, .subscription = number, .type = number % 4 == 0 ? "*" : type, .body = filter});
    }
  }
  world.apply();
  EXPECT_GT(world.project().by_value.size(), 0U);
  for (const auto* type : {"a.b", "a.c", "c", "d"}) {
    for (const auto& body : bodies) {
      const auto content = event(type, body);
      std::vector<int> expected;
      world.project().subscriptions.for_each([&](const auto& id, const auto& subscription) {
        FilterBudget budget(1'000'000);
        auto subject = FilterSubject::of_event(content);
        const bool is_selected = std::ranges::any_of(subscription->event_types, [&](const auto& pattern) {
          return pattern == "*" || pattern == type || (pattern == "a.*" && std::string_view(type).starts_with("a."));
        });
        const auto verdict = judge_filters(subscription->filters.get(), type, subject, budget);
        if (is_selected &&
            (verdict.kind == FilterVerdict::Kind::matched || verdict.kind == FilterVerdict::Kind::no_filter))
          expected.push_back(number_of(id));
      });
      std::ranges::sort(expected);
      EXPECT_EQ(matched(world, owned("o"), content), expected) << type << " " << body;
    }
  }
}

// Goal: among 100,000 filters that want a value at a key, an event costs what its own value selects. Method: the best
// of many, against ten filters.
TEST(MatchEvent, CostsWhatTheValueSelects) {
  const auto best = [](int count) {
    World world;
    for (int number = 1; number <= 10; ++number) world.endpoint(number, "o");
    for (int number = 0; number < count; ++number) {
      world.subscription(1000 + number, 1 + number % 10, {"t"});
      world.filter({.number = 1000 + number,
                    .subscription = 1000 + number,
                    .type = "t",
                    .body = R"({"customer":{"id":"c)" + std::to_string(number) + R"("}})"});
    }
    world.apply();
    const auto content = event("t", R"({"customer":{"id":"c7"},"amount":12})");
    const auto target = owned("o");
    auto least = std::chrono::nanoseconds::max();
    for (int round = 0; round < 300; ++round) {
      const auto begin = Steady::now();
      const auto found = match_event(world.project(), {.target = target, .content = content, .matches_max = 1000});
      least = std::min<std::chrono::nanoseconds>(least, Steady::now() - begin);
      EXPECT_EQ(found.matches.size(), 1U);
    }
    return least;
  };
  const auto few = best(10), many = best(100'000);
  EXPECT_LT(many.count(), few.count() * 3) << few.count() << " ns, " << many.count() << " ns";
}

}  // namespace
}  // namespace fairlead::match
