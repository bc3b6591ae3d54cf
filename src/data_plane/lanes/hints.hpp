// Word between nodes that an endpoint's lane got rows: PostgreSQL's NOTIFY, sent after the commit, in one statement a
// batch.
// A lost hint costs time, never a delivery: the backstop scans find the rows.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/store/db.hpp"
#include "common/store/queue.hpp"
#include "common/store/upkeep.hpp"

namespace fairlead::lanes {

// What store::make_hints wrote, one payload of it; parts that are none are skipped. `now` becomes their due time.
[[nodiscard]] std::vector<store::EndpointDue> parse_hint(std::string_view payload, TimePoint now, int lane_count);

// A thread with a connection of its own that waits for hints.
class HintListener {
 public:
  using Heard = std::function<void(std::string)>;
  HintListener(store::DbOptions options, Heard heard);
  ~HintListener();

 private:
  void run(store::DbOptions options, Heard heard);
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

}  // namespace fairlead::lanes
