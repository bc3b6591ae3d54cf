// Works off the jobs of this node's lanes, a chunk of each in turn: a chunk's rows and the job's cursor are committed
// together, so that a crash repeats nothing and loses nothing. It has a connection and a strand of its own.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <unordered_map>
#include <vector>

#include "common/net/serial.hpp"
#include "common/ops/task.hpp"
#include "common/store/events.hpp"
#include "common/store/jobs.hpp"
#include "data_plane/flow.hpp"
#include "data_plane/match/refresh.hpp"
#include "data_plane/metrics.hpp"

namespace fairlead::upkeep {

class Jobs {
 public:
  using Strand = Serial;
  struct Wiring {
    store::Db& db;
    match::Refresher& refresher;
    Metrics& metrics;
    DatabaseClock clock;
    int lane_count = 0;
    std::function<Task<std::vector<std::int16_t>>()> owned_lanes;
    Recall recall;
  };
  Jobs(boost::asio::any_io_executor executor, Wiring wiring);

  [[nodiscard]] Strand strand() const { return strand_; }
  // Looks for open jobs when notified, and every second, until stop(). On the strand.
  Task<void> run();
  void notify();  // thread-safe
  void stop();    // thread-safe

 private:
  struct Step {
    bool is_open = false;  // there is more to do
    std::int64_t done = 0;
    std::vector<store::EndpointDue> due;
  };
  Task<void> work();
  Task<void> take_turn(store::Job job);
  Task<Result<Step>> step_deliveries(store::Job job);
  Task<Result<Step>> step_events(store::Job job);
  Task<Result<match::ProjectPtr>> current_project(const store::Job& job);
  Task<Result<Step>> end(store::Job job, JobState state, std::string error);
  Task<void> purge();

  Strand strand_;
  Wiring wiring_;
  bool is_stopping_ = false, is_notified_ = false;
  boost::asio::steady_timer wake_;
  std::unordered_map<JobId, Steady::time_point> next_turns_;  // of jobs whose rate holds them back
  Steady::time_point next_purge_;
};

}  // namespace fairlead::upkeep
