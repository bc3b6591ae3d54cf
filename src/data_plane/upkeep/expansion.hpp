// Events that were acknowledged before they were matched (broadcasts, very large fan-outs): their deliveries are made
// in chunks, each moving the cursor in the transaction that inserts it.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <vector>

#include "common/net/serial.hpp"
#include "common/ops/task.hpp"
#include "common/store/ingest.hpp"
#include "data_plane/flow.hpp"
#include "data_plane/match/matching.hpp"
#include "data_plane/match/refresh.hpp"
#include "data_plane/metrics.hpp"

namespace fairlead::upkeep {

class Expansion {
 public:
  struct Wiring {
    store::Db& db;
    match::Refresher& refresher;
    Metrics& metrics;
    DatabaseClock clock;
    int lane_count = 0;
    std::function<Task<std::vector<std::int16_t>>()> owned_lanes;
    Offer offer;
    Recall recall;
  };
  using Strand = Serial;
  // Matching a large event takes long: the strand is its own.
  Expansion(boost::asio::any_io_executor executor, Wiring wiring);
  [[nodiscard]] Strand strand() const { return strand_; }

  // Looks for pending events of this node's lanes when notified, and every second. On the strand.
  Task<void> run();
  void notify();  // thread-safe
  void stop();    // thread-safe

 private:
  Task<bool> expand_all();
  Task<bool> expand_chunk(store::PendingEvent pending);
  struct Chunk {
    std::shared_ptr<const EventContent> content;  // null: the event is gone
    match::MatchResult found;
  };
  Task<Result<Chunk>> match_chunk(store::PendingEvent pending, match::ProjectPtr project);
  Strand strand_;
  Wiring wiring_;
  bool is_stopping_ = false, is_notified_ = false;
  boost::asio::steady_timer wake_;
};

}  // namespace fairlead::upkeep
