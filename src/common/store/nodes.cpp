#include "common/store/nodes.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement join_sql{"node_join", R"sql(
  INSERT INTO nodes (id, name, version, started_at, lease_until)
  VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp() + make_interval(secs => $4::int)))sql"};
constexpr Statement namesakes_sql{"node_namesakes", "DELETE FROM nodes WHERE name = $1 AND id <> $2 RETURNING id"};
constexpr Statement inherit_sql{"lanes_inherit", R"sql(
  UPDATE lanes SET node_id = $1, usable_at = NULL WHERE node_id = ANY ($2::uuid[]) RETURNING lane, floor, usable_at)sql"};
constexpr Statement renew_sql{"node_renew", R"sql(
  WITH r AS (UPDATE nodes SET lease_until = clock_timestamp() + make_interval(secs => $2::int), is_draining = $3
              WHERE id = $1 AND lease_until > clock_timestamp() RETURNING id)
  SELECT (SELECT count(*) FROM r), clock_timestamp(),
         (SELECT count(*) FROM nodes WHERE lease_until > clock_timestamp() AND NOT is_draining),
         (SELECT count(*) FROM lanes l WHERE l.node_id IS NULL OR NOT EXISTS (
            SELECT FROM nodes n WHERE n.id = l.node_id AND n.lease_until > clock_timestamp())))sql"};
constexpr Statement own_row_sql{"node_lock", R"sql(
  SELECT id FROM nodes WHERE id = $1 AND lease_until > clock_timestamp() FOR UPDATE)sql"};
constexpr Statement end_expired_sql{"nodes_end_expired", "DELETE FROM nodes WHERE lease_until <= clock_timestamp()"};
constexpr Statement orphan_sql{"lanes_orphan", R"sql(
  UPDATE lanes l SET node_id = NULL, usable_at = clock_timestamp() + interval '1 second'
   WHERE l.node_id IS NOT NULL AND NOT EXISTS (SELECT FROM nodes n WHERE n.id = l.node_id))sql"};
constexpr Statement take_sql{"lanes_take", R"sql(
  UPDATE lanes SET node_id = $1
   WHERE lane IN (SELECT lane FROM lanes WHERE node_id IS NULL ORDER BY lane LIMIT $2 FOR UPDATE SKIP LOCKED)
  RETURNING lane, floor, usable_at)sql"};
constexpr Statement release_sql{"lanes_release", R"sql(
  UPDATE lanes SET node_id = NULL, usable_at = NULL WHERE node_id = $1 AND lane = ANY ($2::smallint[]) RETURNING lane)sql"};
constexpr Statement release_all_sql{"lanes_release_all",
                                    "UPDATE lanes SET node_id = NULL, usable_at = NULL WHERE node_id = $1"};
constexpr Statement leave_sql{"node_leave", "DELETE FROM nodes WHERE id = $1 RETURNING id"};
constexpr Statement floor_sql{"lane_floor", R"sql(
  UPDATE lanes SET floor = $3 WHERE lane = $2 AND node_id = $1 RETURNING lane)sql"};

std::vector<TakenLane> lanes_from(const pqxx::result& rows) {
  std::vector<TakenLane> lanes;
  for (const auto& row : rows) lanes.push_back({row[0].as<std::int16_t>(), as_time(row[1]), as_optional_time(row[2])});
  return lanes;
}

}  // namespace

Result<std::vector<TakenLane>> join_node(Tx& tx, const NodeIdentity& node, bool takes_over) {
  tx.exec(join_sql, node.id, node.name, node.version, lease_length.count());
  if (!takes_over) return std::vector<TakenLane>{};
  UuidArray former;
  for (const auto& row : tx.exec(namesakes_sql, node.name, node.id)) former.add(as_id<NodeTag>(row[0]));
  return lanes_from(tx.exec(inherit_sql, node.id, former.take()));
}

Result<Renewal> renew_node(Tx& tx, const NodeId& node, bool is_draining) {
  const auto row = tx.exec(renew_sql, node, lease_length.count(), is_draining)[0];
  return Renewal{row[0].as<int>() == 1, as_time(row[1]), row[2].as<int>(), row[3].as<int>()};
}

Result<std::vector<TakenLane>> take_lanes(Tx& tx, const NodeId& node, int count) {
  if (tx.exec(own_row_sql, node).empty()) return std::vector<TakenLane>{};
  tx.exec(end_expired_sql);
  tx.exec(orphan_sql);
  return lanes_from(tx.exec(take_sql, node, count));
}

Result<bool> release_lanes(Tx& tx, const NodeId& node, const std::vector<std::int16_t>& lanes) {
  Int2Array list;
  for (const auto lane : lanes) list.add(lane);
  return !tx.exec(release_sql, node, list.take()).empty();
}

Result<bool> leave_node(Tx& tx, const NodeId& node) {
  tx.exec(release_all_sql, node);
  return !tx.exec(leave_sql, node).empty();
}

Result<bool> save_floor(Tx& tx, const NodeId& node, const LaneFloor& floor) {
  return !tx.exec(floor_sql, node, floor.lane, floor.floor).empty();
}

}  // namespace fairlead::store
