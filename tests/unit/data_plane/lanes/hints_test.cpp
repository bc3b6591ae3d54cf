#include "data_plane/lanes/hints.hpp"

#include <gtest/gtest.h>

#include <set>

namespace fairlead::lanes {
namespace {

store::EndpointDue due(int number) {
  store::EndpointDue each{.lane = static_cast<std::int16_t>(number % 64), .endpoint = {}, .project = {}, .due = {}};
  each.endpoint.bytes[15] = static_cast<std::uint8_t>(number);
  each.endpoint.bytes[14] = static_cast<std::uint8_t>(number >> 8);
  each.project.bytes[0] = 5;
  return each;
}

// Goal: what one node writes another reads. Method: round trip of three, one of them twice.
TEST(Hints, RoundTrip) {
  const TimePoint now{std::chrono::seconds(5)};
  const auto read = parse_hint(store::make_hints({due(1), due(2), due(63), due(2)}).at(0), now, 64);
  ASSERT_EQ(read.size(), 3U);
  for (std::size_t index = 0; index < 3; ++index) EXPECT_EQ(read[index].due, now);
  EXPECT_EQ(read[2].endpoint, due(63).endpoint);
  EXPECT_EQ(read[2].lane, 63);
  EXPECT_EQ(read[2].project, due(63).project);
}

// Goal: however many endpoints there are, each is named once, and each payload fits into a notification. Method: a
// thousand endpoints, everyone twice.
TEST(Hints, NameEveryEndpoint) {
  std::vector<store::EndpointDue> many;
  for (int number = 0; number < 2000; ++number) many.push_back(due(number % 1000));
  std::multiset<EndpointId> named;
  for (const auto& payload : store::make_hints(many)) {
    EXPECT_LT(payload.size(), 8000U);
    for (const auto& each : parse_hint(payload, {}, 64)) named.insert(each.endpoint);
  }
  std::multiset<EndpointId> wanted;
  for (int number = 0; number < 1000; ++number) wanted.insert(due(number).endpoint);
  EXPECT_EQ(named, wanted);
  EXPECT_TRUE(store::make_hints({}).empty());
}

// Goal: nonsense harms nobody. Method: broken parts around a good one, and a lane that does not exist.
TEST(Hints, SkipNonsense) {
  const std::string good = store::make_hints({due(7)}).at(0);
  EXPECT_EQ(parse_hint(",,x/y/z," + good + ",1/2", {}, 64).size(), 1U);
  EXPECT_TRUE(parse_hint(good, {}, 7).empty());
  EXPECT_TRUE(parse_hint("", {}, 64).empty());
}

}  // namespace
}  // namespace fairlead::lanes
