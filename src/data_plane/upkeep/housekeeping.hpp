// What runs beside the way of an event: backstop scans, vacuum of the queue, partitions ahead, expired keys, gauges,
// health.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/net/serial.hpp"
#include "common/ops/task.hpp"
#include "common/store/api_keys.hpp"
#include "common/store/nodes.hpp"
#include "common/store/upkeep.hpp"
#include "data_plane/metrics.hpp"

namespace fairlead::upkeep {

class Housekeeping {
 public:
  struct Wiring {
    store::Db& db;
    Metrics& metrics;
    std::function<std::vector<std::int16_t>()> owned_lanes;  // these four on the strand
    std::function<Task<std::optional<TimePoint>>(std::int16_t, bool)> scan_lane;
    std::function<Task<void>()> save_states;
    std::function<NodeId()> node;
    std::function<std::vector<store::KeyLastUse>()> take_key_uses = {};
  };
  using Strand = Serial;
  Housekeeping(Strand strand, Wiring wiring);

  // Four loops, until stop(). On the strand.
  Task<void> run();
  void stop();
  // The last look at the server; nothing before the first, or while the database is away. Thread-safe.
  [[nodiscard]] std::optional<store::ServerFacts> facts() const;
  // Looks at the server now.
  Task<void> look();

 private:
  Task<void> scan_loop();
  Task<void> vacuum_loop();
  Task<void> slow_loop();
  Task<void> save_key_uses();
  Task<void> count_loop();
  Task<void> pause(std::chrono::milliseconds length);
  Strand strand_;
  Wiring wiring_;
  bool is_stopping_ = false;
  std::size_t turn_ = 0, full_turn_ = 0;
  mutable std::mutex mutex_;  // guards facts_
  std::optional<store::ServerFacts> facts_;
  std::vector<std::shared_ptr<boost::asio::steady_timer>> timers_;
};

}  // namespace fairlead::upkeep
