#include "common/store/nodes.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/test_database.hpp"

namespace fairlead::store {
namespace {

using fairlead::testing::TestDatabase;

class NodesTest : public ::testing::Test {
 protected:
  NodesTest() : connection_(database_.connect()) {}

  static NodeIdentity node(std::uint8_t number, std::string name) {
    NodeIdentity identity{.id = {}, .name = std::move(name), .version = "1"};
    identity.id.bytes[15] = number;
    return identity;
  }
  std::vector<TakenLane> join(const NodeIdentity& identity, bool takes_over = true) {
    return *connection_.run(TxKind::read_write, [&](Tx& tx) { return join_node(tx, identity, takes_over); });
  }
  std::vector<TakenLane> take(const NodeIdentity& identity, int count) {
    return *connection_.run(TxKind::read_write, [&](Tx& tx) { return take_lanes(tx, identity.id, count); });
  }
  Renewal renew(const NodeIdentity& identity) {
    return *connection_.run(TxKind::autocommit, [&](Tx& tx) { return renew_node(tx, identity.id, false); });
  }
  void expire(const NodeIdentity& identity) {
    database_.sql("UPDATE nodes SET lease_until = clock_timestamp() - interval '1 second' WHERE id = '" +
                  to_uuid(identity.id) + "'");
  }

  TestDatabase database_;
  Connection connection_;
};

// Goal: a lane has one owner. Method: two nodes take what is free; together they have every lane once.
TEST_F(NodesTest, SharesTheLanes) {
  const auto a = node(1, "a"), b = node(2, "b");
  EXPECT_TRUE(join(a).empty());
  EXPECT_TRUE(join(b).empty());
  std::set<int> lanes;
  for (const auto& each : take(a, 40)) lanes.insert(each.lane);
  EXPECT_EQ(lanes.size(), 40U);
  for (const auto& each : take(b, 40)) EXPECT_TRUE(lanes.insert(each.lane).second);
  EXPECT_EQ(lanes.size(), 64U);
  const auto renewal = renew(a);
  EXPECT_TRUE(renewal.is_renewed);
  EXPECT_EQ(renewal.live_nodes, 2);
  EXPECT_EQ(renewal.free_lanes, 0);
}

// Goal: a lease that ran out is over for good, and its lanes wait a second for their next owner. Method: expire, renew,
// take.
TEST_F(NodesTest, TakesFromTheDead) {
  const auto a = node(1, "a"), b = node(2, "b");
  join(a);
  join(b);
  take(a, 64);
  expire(a);
  EXPECT_FALSE(renew(a).is_renewed);
  EXPECT_TRUE(take(a, 64).empty());
  EXPECT_EQ(renew(b).free_lanes, 64);
  const auto taken = take(b, 64);
  ASSERT_EQ(taken.size(), 64U);
  for (const auto& each : taken) EXPECT_TRUE(each.usable_at);
  EXPECT_FALSE(renew(a).is_renewed);
}

// Goal: a node started again under its name goes on at once. Method: same name, other name, and a rejoin without taking
// over.
TEST_F(NodesTest, InheritsByName) {
  const auto first = node(1, "a"), other = node(2, "b"), second = node(3, "a"), third = node(4, "a");
  join(first);
  join(other);
  take(first, 40);
  take(other, 24);
  const auto inherited = join(second);
  EXPECT_EQ(inherited.size(), 40U);
  for (const auto& each : inherited) EXPECT_FALSE(each.usable_at);
  EXPECT_FALSE(renew(first).is_renewed);
  EXPECT_TRUE(renew(other).is_renewed);
  EXPECT_TRUE(join(third, false).empty());
  EXPECT_TRUE(renew(second).is_renewed);
}

// Goal: lanes given up in order are usable at once; only the owner gives up. Method: release, leave, and a stranger's
// release.
TEST_F(NodesTest, ReleasesInOrder) {
  const auto a = node(1, "a"), b = node(2, "b");
  join(a);
  join(b);
  take(a, 64);
  const auto release = [&](const NodeIdentity& by) {
    return *connection_.run(TxKind::autocommit, [&](Tx& tx) { return release_lanes(tx, by.id, {0, 1}); });
  };
  EXPECT_FALSE(release(b));
  EXPECT_TRUE(release(a));
  const auto taken = take(b, 10);
  ASSERT_EQ(taken.size(), 2U);
  for (const auto& each : taken) EXPECT_FALSE(each.usable_at);
  EXPECT_TRUE(*connection_.run(TxKind::read_write, [&](Tx& tx) { return leave_node(tx, a.id); }));
  EXPECT_EQ(take(b, 64).size(), 62U);
}

// Goal: the floor moves by its owner alone. Method: owner and stranger.
TEST_F(NodesTest, KeepsTheFloorToItsOwner) {
  const auto a = node(1, "a"), b = node(2, "b");
  join(a);
  join(b);
  take(a, 1);
  const LaneFloor floor{0, TimePoint{std::chrono::seconds(1700000000)}};
  const auto save = [&](const NodeIdentity& by) {
    return *connection_.run(TxKind::autocommit, [&](Tx& tx) { return save_floor(tx, by.id, floor); });
  };
  EXPECT_FALSE(save(b));
  EXPECT_TRUE(save(a));
  EXPECT_EQ(join(node(3, "a"))[0].floor, floor.floor);
}

}  // namespace
}  // namespace fairlead::store
