#include "common/store/upkeep.hpp"

#include <unordered_set>

#include "common/store/migrator.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr std::size_t kHintBytesMax = 7900;  // PostgreSQL takes less than 8000

constexpr Statement purge_sql{"idempotency_purge", R"sql(
  DELETE FROM idempotency_keys WHERE (project_id, key) IN (
    SELECT project_id, key FROM idempotency_keys WHERE expires_at <= now() ORDER BY expires_at LIMIT 5000)
  RETURNING key)sql"};
constexpr Statement waiting_sql{"queue_count", "SELECT count(*) FROM queue WHERE lane = ANY ($1::smallint[])"};
constexpr Statement hint_sql{"hint_send", R"sql(
  SELECT pg_notify('fairlead_hints', x.payload) FROM unnest($1::text[]) x(payload))sql"};
constexpr Statement facts_sql{"server_facts", R"sql(
  SELECT current_setting('fsync') = 'on', clock_timestamp(),
         coalesce((SELECT extract(epoch FROM clock_timestamp() - min(xact_start)) FROM pg_stat_activity
                    WHERE datname = current_database() AND backend_xmin IS NOT NULL), 0)::float8)sql"};

constexpr Statement vacuum_right_sql{"vacuum_right", R"sql(
  SELECT pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE')
    FROM pg_class c, pg_database d WHERE c.oid = 'queue'::regclass AND d.datname = current_database())sql"};

}  // namespace

Result<bool> vacuum_queue(Tx& tx) {
  // Otherwise PostgreSQL passes the table over, with a warning that only its own log shows.
  if (!tx.exec(vacuum_right_sql)[0][0].as<bool>())
    return fail(Code::forbidden, "this role may not vacuum the queue: it does not own it");
  tx.exec_script("VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) queue");
  return true;
}

Result<int> purge_idempotency_keys(Tx& tx) { return static_cast<int>(tx.exec(purge_sql).size()); }

Result<std::int64_t> count_waiting(Tx& tx, const std::vector<std::int16_t>& lanes) {
  Int2Array list;
  for (const auto lane : lanes) list.add(lane);
  return tx.exec(waiting_sql, list.take())[0][0].as<std::int64_t>();
}

std::vector<std::string> make_hints(const std::vector<EndpointDue>& endpoints) {
  std::vector<std::string> payloads;
  std::unordered_set<EndpointId> named;
  for (const auto& due : endpoints) {
    if (!named.insert(due.endpoint).second) continue;
    const std::string part = std::to_string(due.lane) + '/' + to_uuid(due.endpoint) + '/' + to_uuid(due.project);
    if (payloads.empty() || payloads.back().size() + part.size() + 1 > kHintBytesMax)
      payloads.push_back(part);
    else
      payloads.back() += ',' + part;
  }
  return payloads;
}

Result<bool> send_hints(Tx& tx, const std::vector<std::string>& payloads) {
  TextArray list;
  for (const auto& payload : payloads) list.add(payload);
  if (!payloads.empty()) tx.exec(hint_sql, list.take());
  return true;
}

Result<ServerFacts> read_server_facts(Tx& tx) {
  ServerFacts facts;
  FL_TRY(facts.schema_version, schema_version(tx));
  const auto row = tx.exec(facts_sql)[0];
  facts.has_fsync = row[0].as<bool>();
  facts.now = as_time(row[1]);
  facts.oldest_xmin_seconds = row[2].as<double>();
  if (facts.schema_version > 0) {
    FL_TRY(facts.partition_days_ahead, partition_days_ahead(tx));
  }
  return facts;
}

}  // namespace fairlead::store
