// Housekeeping of the hot tables, and what /readyz asks of the server.
#pragma once

#include <string>
#include <vector>

#include "common/core/clock.hpp"
#include "common/store/db.hpp"
#include "common/store/queue.hpp"

namespace fairlead::store {

// VACUUM of the queue without truncation. Code::forbidden if this role does not own the table. Autocommit.
[[nodiscard]] Result<bool> vacuum_queue(Tx& tx);
// Deletes up to 5,000 expired idempotency keys; how many. Autocommit.
[[nodiscard]] Result<int> purge_idempotency_keys(Tx& tx);
// Unfinished deliveries of these lanes: an index-only scan, about 0.1 s a million. Autocommit.
[[nodiscard]] Result<std::int64_t> count_waiting(Tx& tx, const std::vector<std::int16_t>& lanes);
// Sends notifications on the hint channel, in one statement. Autocommit.
[[nodiscard]] Result<bool> send_hints(Tx& tx, const std::vector<std::string>& payloads);
// What send_hints takes: "lane/endpoint uuid/project uuid" for each endpoint, once, separated by commas, in as many
// payloads as it takes for each to fit into a notification.
[[nodiscard]] std::vector<std::string> make_hints(const std::vector<EndpointDue>& endpoints);
// A payload that names no endpoint: it only wakes who looks for jobs and pending events.
inline constexpr const char* hint_of_work = "work";
inline constexpr const char* hint_channel = "fairlead_hints";

struct ServerFacts {
  bool has_fsync = false;
  int schema_version = 0;
  int partition_days_ahead = -1;
  double oldest_xmin_seconds = 0;  // age of the oldest transaction of this database
  TimePoint now;
};
// Autocommit (several statements).
[[nodiscard]] Result<ServerFacts> read_server_facts(Tx& tx);

}  // namespace fairlead::store
