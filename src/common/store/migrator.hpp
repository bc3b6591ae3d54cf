// Brings the schema up to this program's migrations (compiled in), forward only, one transaction each.
#pragma once

#include <string>
#include <vector>

#include "common/store/db.hpp"

namespace fairlead::store {

struct Migration {
  int number;
  std::string name;
  std::string sql;
};

// The migrations of this build, in order.
[[nodiscard]] const std::vector<Migration>& all_migrations();
[[nodiscard]] int newest_migration();

// Applies what is missing under an advisory lock; answers the names applied. Code::conflict if an applied one was
// changed since, Code::internal (with PostgreSQL's words) if one fails: nothing of it stays. Also makes partitions 14
// days ahead.
[[nodiscard]] Result<std::vector<std::string>> migrate(Connection& connection);
// The number of the newest migration applied; 0 on an empty database.
[[nodiscard]] Result<int> schema_version(Tx& tx);
// Makes the daily partitions from yesterday to 14 days ahead; how many were missing.
[[nodiscard]] Result<int> make_partitions(Tx& tx);
// The number of days ahead, counted from the database's today, for which partitions exist.
[[nodiscard]] Result<int> partition_days_ahead(Tx& tx);

}  // namespace fairlead::store
