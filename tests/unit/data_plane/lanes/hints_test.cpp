#include "data_plane/lanes/hints.hpp"

#include <gtest/gtest.h>

namespace fairlead::lanes {
namespace {

store::EndpointDue due(int number) {
  store::EndpointDue each{.lane = static_cast<std::int16_t>(number % 64), .endpoint = {}, .project = {}, .due = {}};
  each.endpoint.bytes[15] = static_cast<std::uint8_t>(number);
  each.endpoint.bytes[14] = static_cast<std::uint8_t>(number >> 8);
  each.project.bytes[0] = 5;
  return each;
}

// Goal: what one node writes another reads. Method: round trip of three.
TEST(Hints, RoundTrip) {
  const TimePoint now{std::chrono::seconds(5)};
  const auto read = parse_hint(make_hint({due(1), due(2), due(63)}), now, 64);
  ASSERT_EQ(read.size(), 3U);
  for (std::size_t index = 0; index < 3; ++index) EXPECT_EQ(read[index].due, now);
  EXPECT_EQ(read[2].endpoint, due(63).endpoint);
  EXPECT_EQ(read[2].lane, 63);
  EXPECT_EQ(read[2].project, due(63).project);
}

// Goal: a hint always fits into a notification. Method: a thousand endpoints.
TEST(Hints, StayWithinANotification) {
  std::vector<store::EndpointDue> many;
  for (int number = 0; number < 1000; ++number) many.push_back(due(number));
  const auto payload = make_hint(many);
  EXPECT_LT(payload.size(), 8000U);
  EXPECT_GT(parse_hint(payload, {}, 64).size(), 90U);
}

// Goal: nonsense harms nobody. Method: broken parts around a good one, and a lane that does not exist.
TEST(Hints, SkipNonsense) {
  const std::string good = make_hint({due(7)});
  EXPECT_EQ(parse_hint(",,x/y/z," + good + ",1/2", {}, 64).size(), 1U);
  EXPECT_TRUE(parse_hint(good, {}, 7).empty());
  EXPECT_TRUE(parse_hint("", {}, 64).empty());
}

}  // namespace
}  // namespace fairlead::lanes
