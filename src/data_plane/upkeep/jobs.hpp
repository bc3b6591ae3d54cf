// Works off the jobs of this node's lanes, a chunk of each in turn: a chunk's rows and the job's cursor are committed
// together, so that a crash repeats nothing and loses nothing. It has a connection and a strand of its own.
#pragma once

#include <unordered_map>
#include <vector>

#include "common/store/events.hpp"
#include "common/store/jobs.hpp"
#include "data_plane/upkeep/rounds.hpp"

namespace fairlead::upkeep {

class Jobs {
 public:
  Jobs(const boost::asio::any_io_executor& executor, LaneWork work);

  [[nodiscard]] const Serial& strand() const { return rounds_.strand(); }
  // Looks for open jobs when notified, and every second, until stop(). On the strand.
  Task<void> run();
  void notify() { rounds_.notify(); }  // thread-safe
  void stop() { rounds_.stop(); }      // thread-safe

 private:
  struct Step {
    bool is_open = false;  // there is more to do
    std::int64_t done = 0;
    std::vector<store::EndpointDue> due;
  };
  Task<Steady::time_point> step_all();
  Task<void> take_turn(store::Job job);
  Task<Result<Step>> step_deliveries(store::Job job);
  Task<Result<Step>> step_events(store::Job job);
  Task<Result<match::ProjectPtr>> current_project(const store::Job& job);
  Task<Result<Step>> end(store::Job job, JobState state, std::string error);
  Task<void> purge();

  Rounds rounds_;
  LaneWork work_;
  std::unordered_map<JobId, Steady::time_point> next_turns_;  // of jobs whose rate holds them back
  Steady::time_point next_purge_;
};

}  // namespace fairlead::upkeep
