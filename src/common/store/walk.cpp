#include "common/store/walk.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {

std::string walk_step_sql(const std::string& candidates, bool is_descending) {
  const std::string order = is_descending ? "DESC" : "ASC", opposite = is_descending ? "ASC" : "DESC";
  return "WITH w AS MATERIALIZED (" + candidates + " ORDER BY 1 " + order +
         " LIMIT $4), c AS MATERIALIZED (SELECT w.id FROM w WHERE w.is_hit ORDER BY w.id " + order +
         " LIMIT $5) SELECT r.* FROM (SELECT c.id, NULL::int AS came FROM c UNION ALL SELECT (SELECT w.id FROM w "
         "ORDER BY w.id " +
         opposite +
         " LIMIT 1), CASE WHEN (SELECT count(*) FROM w) >= $4 THEN 1 ELSE 2 END) r ORDER BY r.came NULLS FIRST, r.id " +
         order;
}

WalkFound walk_found(const pqxx::result& rows) {
  WalkFound found;
  for (const auto& row : rows) {
    if (row[1].is_null()) {
      found.ids.push_back(as_id<EventTag>(row[0]).bytes);
      continue;
    }
    found.is_end = row[1].as<int>() == 2;
    if (!row[0].is_null()) found.last = as_id<EventTag>(row[0]).bytes;
  }
  return found;
}

}  // namespace fairlead::store
