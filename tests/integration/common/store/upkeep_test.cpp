#include "common/store/upkeep.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/test_database.hpp"

namespace fairlead::store {
namespace {

using fairlead::testing::TestDatabase;

// Goal: PostgreSQL takes hints for however many endpoints in one statement, and who listens hears all of them. Method:
// a thousand endpoints, whose names are collected from what comes.
TEST(Upkeep, HintsOfManyEndpointsArrive) {
  TestDatabase database;
  auto sender = database.connect(), listener = database.connect();
  ASSERT_TRUE(listener.wait_notification(hint_channel, std::chrono::milliseconds(0)));
  std::vector<EndpointDue> endpoints(1000);
  for (std::size_t number = 0; number < endpoints.size(); ++number) {
    endpoints[number].endpoint.bytes[15] = static_cast<std::uint8_t>(number);
    endpoints[number].endpoint.bytes[14] = static_cast<std::uint8_t>(number >> 8);
  }
  const auto payloads = make_hints(endpoints);
  const auto sent = sender.run(TxKind::autocommit, [&](Tx& tx) { return send_hints(tx, payloads); });
  ASSERT_TRUE(sent) << sent.error().message;
  std::multiset<std::string> heard;
  for (int look = 0; look < 100 && heard.size() < payloads.size(); ++look) {
    auto some = listener.wait_notification(hint_channel, std::chrono::milliseconds(100));
    ASSERT_TRUE(some);
    heard.insert(some->begin(), some->end());
  }
  EXPECT_EQ(heard, std::multiset<std::string>(payloads.begin(), payloads.end()));
  EXPECT_TRUE(sender.run(TxKind::autocommit, [](Tx& tx) { return send_hints(tx, {}); }));
}

}  // namespace
}  // namespace fairlead::store
