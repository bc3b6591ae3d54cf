#include "common/store/migrator.hpp"

#include <map>

#include "common/crypto/digest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement applied_sql{"migrations_applied", "SELECT number, checksum FROM schema_migrations ORDER BY number"};
constexpr Statement record_sql{"migration_record",
                               "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)"};
constexpr Statement version_sql{"schema_version", "SELECT coalesce(max(number), 0) FROM schema_migrations"};
constexpr Statement has_table_sql{"schema_has_table", "SELECT to_regclass('schema_migrations') IS NOT NULL"};
constexpr Statement partitions_sql{"partitions_make",
                                   "SELECT make_partitions((clock_timestamp() AT TIME ZONE 'UTC')::date - 1, 16)"};
constexpr Statement ahead_sql{"partitions_ahead", R"sql(
  SELECT count(*) FROM generate_series(0, 14) n
   WHERE to_regclass('deliveries_' || to_char((clock_timestamp() AT TIME ZONE 'UTC')::date + n::int, 'YYYYMMDD')) IS NOT NULL)sql"};

std::string checksum_of(const Migration& migration) {
  const auto digest = crypto::sha256(migration.sql);
  return crypto::to_hex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

Result<std::vector<std::string>> apply_missing(Tx& tx) {
  std::vector<std::string> done;
  std::map<int, std::string> applied;  // checksums by number: numbers may have gaps
  for (const auto& row : tx.exec(applied_sql)) applied[row[0].as<int>()] = as_text(row[1]);
  for (const auto& migration : all_migrations()) {
    if (const auto found = applied.find(migration.number); found != applied.end()) {
      if (found->second != checksum_of(migration)) {
        return fail(Code::conflict, "migration " + migration.name + " was changed after it was applied");
      }
      continue;
    }
    tx.exec_script(migration.sql);
    tx.exec(record_sql, migration.number, migration.name, checksum_of(migration));
    done.push_back(migration.name);
  }
  return done;
}

}  // namespace

int newest_migration() { return all_migrations().back().number; }

Result<std::vector<std::string>> migrate(Connection& connection) {
  return connection.run(TxKind::read_write, [](Tx& tx) -> Result<std::vector<std::string>> {
    tx.exec_script("SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = 0");
    tx.exec_script("SELECT pg_advisory_xact_lock(hashtext('fairlead.migrate'))");
    tx.exec_script(
        "CREATE TABLE IF NOT EXISTS schema_migrations (number int PRIMARY KEY, name text NOT NULL, "
        "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
    FL_TRY(auto done, apply_missing(tx));
    tx.exec(partitions_sql);
    return done;
  });
}

Result<int> schema_version(Tx& tx) {
  if (!tx.exec(has_table_sql)[0][0].as<bool>()) return 0;
  return tx.exec(version_sql)[0][0].as<int>();
}

Result<int> make_partitions(Tx& tx) { return tx.exec(partitions_sql)[0][0].as<int>(); }

Result<int> partition_days_ahead(Tx& tx) { return tx.exec(ahead_sql)[0][0].as<int>() - 1; }

}  // namespace fairlead::store
