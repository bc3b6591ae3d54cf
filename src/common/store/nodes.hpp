// Ownership of lanes: each node renews its one row, and owns the lanes that name it.
#pragma once

#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/store/db.hpp"
#include "common/store/queue.hpp"

namespace fairlead::store {

inline constexpr std::chrono::seconds lease_length{5};

struct NodeIdentity {
  NodeId id;
  std::string name;
  std::string version;
};

struct TakenLane {
  std::int16_t lane = 0;
  TimePoint floor;
  std::optional<TimePoint> usable_at;  // database time: the former owner may still be sending until then
};

// Registers the node. `takes_over` also ends every node of the same name and takes its lanes at once. Run it
// read_write.
[[nodiscard]] Result<std::vector<TakenLane>> join_node(Tx& tx, const NodeIdentity& node, bool takes_over);

struct Renewal {
  bool is_renewed = false;  // false: the lease ran out or another took over; the node owns nothing any more
  TimePoint now;            // the database's
  int live_nodes = 0;       // that take lanes: live and not draining
  int free_lanes = 0;       // without an owner, or with one whose lease ran out
};
// Autocommit.
[[nodiscard]] Result<Renewal> renew_node(Tx& tx, const NodeId& node, bool is_draining);
// Takes up to `count` free lanes, ending nodes whose lease ran out first (their row is locked and judged anew, so that
// a renewal under way is respected). Nothing if the node's own lease has run out. Run it read_write.
[[nodiscard]] Result<std::vector<TakenLane>> take_lanes(Tx& tx, const NodeId& node, int count);
// Gives lanes up, if the node still owns them. Autocommit.
[[nodiscard]] Result<bool> release_lanes(Tx& tx, const NodeId& node, const std::vector<std::int16_t>& lanes);
// Gives up everything, the node's row included. Run it read_write.
[[nodiscard]] Result<bool> leave_node(Tx& tx, const NodeId& node);
// Moves a lane's floor, if the node still owns the lane. Autocommit.
[[nodiscard]] Result<bool> save_floor(Tx& tx, const NodeId& node, const LaneFloor& floor);

}  // namespace fairlead::store
