#include "data_plane/match/snapshot.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "data_plane/match/matching.hpp"

namespace fairlead::match {
namespace {

template <class Tag>
Id<Tag> id_of(int number) {
  Id<Tag> id;
  id.bytes[15] = static_cast<std::uint8_t>(number);
  id.bytes[14] = static_cast<std::uint8_t>(number >> 8);
  return id;
}
const ProjectId kProject = id_of<ProjectTag>(1);

store::EndpointChange endpoint(int number, std::string owner = "", bool is_deleted = false) {
  store::EndpointChange change{.project = kProject, .is_deleted = is_deleted, .endpoint = {}};
  change.endpoint.id = id_of<EndpointTag>(number);
  change.endpoint.owner_id = std::move(owner);
  return change;
}

store::SubscriptionChange subscription(int number, int endpoint_number, std::vector<std::string> types,
                                       bool is_deleted = false) {
  store::SubscriptionChange change{.project = kProject, .is_deleted = is_deleted, .subscription = {}};
  change.subscription.id = id_of<SubscriptionTag>(number);
  change.subscription.endpoint = id_of<EndpointTag>(endpoint_number);
  change.subscription.event_types = std::move(types);
  return change;
}

store::ApiKeyChange key(int number, std::uint8_t hash, bool is_deleted = false) {
  store::ApiKeyChange change{.is_deleted = is_deleted, .key = {}};
  change.key.id = id_of<ApiKeyTag>(number);
  change.key.hash.fill(hash);
  return change;
}

SnapshotPtr base_snapshot(std::vector<store::EndpointChange> endpoints,
                          std::vector<store::SubscriptionChange> subscriptions) {
  store::ConfigChanges changes{
      .version = 1,
      .projects = {{.id = kProject, .organisation = {}, .version = 1, .is_deleted = false, .settings = {}}},
      .endpoints = std::move(endpoints),
      .subscriptions = std::move(subscriptions),
      .keys = {}};
  return apply_changes(Snapshot{}, changes);
}

EventContent event(std::string_view type, std::string body = "{}") {
  return {.event_type = std::string(type), .body = std::make_shared<const std::string>(std::move(body))};
}

std::vector<Match> find_matches(const ProjectView& project, const Target& target, std::string_view type) {
  return match_event(project, {.target = target, .content = event(type), .matches_max = 10000}).matches;
}

std::vector<int> matched(const Snapshot& snapshot, const Target& target, std::string_view type) {
  std::vector<int> numbers;
  const auto project = snapshot.find_project(kProject);
  for (const auto& match : find_matches(*project, target, type)) numbers.push_back(match.subscription->id.bytes[15]);
  return numbers;
}

// Goal: an endpoint's event meets its matching subscriptions only. Method: exact, star and glob patterns of two
// endpoints.
TEST(FindMatches, SelectsByEndpointAndPattern) {
  const auto snapshot =
      base_snapshot({endpoint(1), endpoint(2)},
                    {subscription(11, 1, {"invoice.paid"}), subscription(12, 1, {"*"}),
                     subscription(13, 1, {"invoice.*"}), subscription(14, 1, {"refund"}), subscription(15, 2, {"*"})});
  const Target target{.endpoint = id_of<EndpointTag>(1), .owner_id = ""};
  EXPECT_EQ(matched(*snapshot, target, "invoice.paid"), (std::vector{11, 12, 13}));
  EXPECT_EQ(matched(*snapshot, target, "invoice.paid.late"), (std::vector{12, 13}));
  EXPECT_EQ(matched(*snapshot, target, "invoice"), (std::vector{12}));
  EXPECT_EQ(matched(*snapshot, target, "invoice."), (std::vector{12}));
}

// Goal: an endpoint with very many subscriptions gives the same matches as one with few, each once, by whichever index
// they are found. Method: a hundred that cannot match beside the few that do, one of them by two patterns; a type that
// a second endpoint's list is longer for, so that the first one's own list is gone through.
TEST(FindMatches, SelectsTheSameFromLongLists) {
  std::vector<store::SubscriptionChange> all{subscription(11, 1, {"invoice.paid", "*"}),
                                             subscription(12, 1, {"invoice.*"}), subscription(13, 1, {"refund"}),
                                             subscription(14, 2, {"invoice.paid"})};
  for (int number = 20; number < 120; ++number) all.push_back(subscription(number, 1, {"x." + std::to_string(number)}));
  for (int number = 300; number < 500; ++number) all.push_back(subscription(number, 2, {"popular"}));
  const auto snapshot = base_snapshot({endpoint(1), endpoint(2)}, all);
  const Target target{.endpoint = id_of<EndpointTag>(1), .owner_id = ""};
  EXPECT_EQ(matched(*snapshot, target, "invoice.paid"), (std::vector{11, 12}));
  EXPECT_EQ(matched(*snapshot, target, "x.77"), (std::vector{11, 77}));
  EXPECT_EQ(matched(*snapshot, target, "popular"), (std::vector{11}));
  EXPECT_EQ(matched(*snapshot, target, "invoice.*"), (std::vector{11, 12}));
}

// Goal: a fan-out reaches all endpoints of the owner and nobody else. Method: two owners, one endpoint without.
TEST(FindMatches, FansOutToTheOwnersEndpoints) {
  const auto snapshot = base_snapshot(
      {endpoint(1, "acme"), endpoint(2, "acme"), endpoint(3, "other"), endpoint(4)},
      {subscription(11, 1, {"*"}), subscription(12, 2, {"a"}), subscription(13, 3, {"*"}), subscription(14, 4, {"*"})});
  EXPECT_EQ(matched(*snapshot, {std::nullopt, "acme"}, "a"), (std::vector{11, 12}));
  EXPECT_EQ(matched(*snapshot, {std::nullopt, "acme"}, "b"), (std::vector{11}));
  EXPECT_TRUE(matched(*snapshot, {std::nullopt, "nobody"}, "a").empty());
}

// Goal: a broadcast gives each endpoint one delivery, its lowest matching subscription's. Method: overlapping patterns.
TEST(FindMatches, BroadcastsOncePerEndpoint) {
  const auto snapshot = base_snapshot({endpoint(1), endpoint(2), endpoint(3)},
                                      {subscription(21, 1, {"a.b.*"}), subscription(20, 1, {"*"}),
                                       subscription(22, 2, {"a.*", "a.b.c"}), subscription(23, 3, {"b"})});
  EXPECT_EQ(matched(*snapshot, {}, "a.b.c"), (std::vector{20, 22}));
}

// Goal: a change touches the new snapshot alone. Method: move, narrow and delete things; the base still matches as
// before.
TEST(ApplyChanges, LeavesTheBaseAlone) {
  const auto base = base_snapshot({endpoint(1, "acme"), endpoint(2, "acme")},
                                  {subscription(11, 1, {"*"}), subscription(12, 2, {"*"})});
  store::ConfigChanges changes{
      .version = 2,
      .projects = {{.id = kProject, .organisation = {}, .version = 2, .is_deleted = false, .settings = {}}},
      .endpoints = {endpoint(1, "other")},
      .subscriptions = {subscription(12, 2, {"*"}, true), subscription(11, 1, {"x"})},
      .keys = {}};
  const auto next = apply_changes(*base, changes);
  EXPECT_EQ(matched(*base, {std::nullopt, "acme"}, "a"), (std::vector{11, 12}));
  EXPECT_TRUE(matched(*next, {std::nullopt, "acme"}, "a").empty());
  EXPECT_TRUE(matched(*next, {std::nullopt, "other"}, "a").empty());
  EXPECT_EQ(matched(*next, {std::nullopt, "other"}, "x"), (std::vector{11}));
  EXPECT_EQ(next->find_project(kProject)->version, 2);
  EXPECT_EQ(base->find_project(kProject)->version, 1);
}

// Goal: a deleted endpoint or project matches nothing and is gone. Method: tombstones.
TEST(ApplyChanges, HonoursTombstones) {
  const auto base = base_snapshot({endpoint(1)}, {subscription(11, 1, {"*"})});
  store::ConfigChanges endpoint_gone{
      .version = 2, .projects = {}, .endpoints = {endpoint(1, "", true)}, .subscriptions = {}, .keys = {}};
  const auto next = apply_changes(*base, endpoint_gone);
  EXPECT_TRUE(matched(*next, {.endpoint = id_of<EndpointTag>(1), .owner_id = ""}, "a").empty());
  EXPECT_TRUE(matched(*next, {}, "a").empty());
  store::ConfigChanges project_gone{
      .version = 3,
      .projects = {{.id = kProject, .organisation = {}, .version = 3, .is_deleted = true, .settings = {}}},
      .endpoints = {},
      .subscriptions = {},
      .keys = {}};
  EXPECT_EQ(apply_changes(*next, project_gone)->find_project(kProject), nullptr);
}

// Goal: a revoked or replaced key opens nothing. Method: change the hash of one key, delete another.
TEST(ApplyChanges, ReplacesAndRevokesKeys) {
  store::ConfigChanges first{
      .version = 1, .projects = {}, .endpoints = {}, .subscriptions = {}, .keys = {key(1, 7), key(2, 8)}};
  const auto base = apply_changes(Snapshot{}, first);
  store::ConfigChanges second{
      .version = 2, .projects = {}, .endpoints = {}, .subscriptions = {}, .keys = {key(1, 9), key(2, 8, true)}};
  const auto next = apply_changes(*base, second);
  KeyHash seven, eight, nine;
  seven.fill(7), eight.fill(8), nine.fill(9);
  EXPECT_TRUE(base->keys.contains(seven) && base->keys.contains(eight));
  EXPECT_FALSE(next->keys.contains(seven));
  EXPECT_FALSE(next->keys.contains(eight));
  EXPECT_TRUE(next->keys.contains(nine));
}

// Goal: a key's uses survive a refresh that changes the key, and are taken once. Method: used in the old snapshot,
// taken of the new one.
TEST(ApplyChanges, KeepsTheUsesOfKeys) {
  const store::ConfigChanges first{
      .version = 1, .projects = {}, .endpoints = {}, .subscriptions = {}, .keys = {key(1, 7), key(2, 8)}};
  const auto base = apply_changes(Snapshot{}, first);
  KeyHash seven;
  seven.fill(7);
  const TimePoint now{std::chrono::hours(1000)};
  base->keys.at(seven).use->note(now);
  const store::ConfigChanges second{
      .version = 2, .projects = {}, .endpoints = {}, .subscriptions = {}, .keys = {key(1, 9)}};
  const auto next = apply_changes(*base, second);
  const auto uses = take_key_uses(*next);
  ASSERT_EQ(uses.size(), 1U);
  EXPECT_EQ(uses[0].id, key(1, 9).key.id);
  EXPECT_EQ(uses[0].at, now);
  EXPECT_TRUE(take_key_uses(*base).empty());
}

// Goal: many entries survive copies and changes. Method: 5,000 endpoints in two steps, each looked up in both versions.
TEST(ShardedMap, KeepsEveryEntryOverCopies) {
  ShardedMap<int, int> first;
  first.start_changes();
  for (int n = 0; n < 5000; ++n) first.at_or_insert(n) = n;
  auto second = first;
  second.start_changes();
  for (int n = 0; n < 5000; n += 2) second.at_or_insert(n) = -n;
  second.erase(1);
  for (int n = 0; n < 5000; ++n) {
    ASSERT_NE(first.find(n), nullptr);
    EXPECT_EQ(*first.find(n), n);
    if (n != 1) EXPECT_EQ(*second.find(n), n % 2 == 0 ? -n : n);
  }
  EXPECT_EQ(second.find(1), nullptr);
  EXPECT_EQ(second.size(), 4999U);
}

}  // namespace
}  // namespace fairlead::match
