// Jobs: rows with a cursor that the data plane moves.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/domain/job.hpp"
#include "common/store/db.hpp"
#include "common/store/keyset.hpp"
#include "common/store/queue.hpp"

namespace fairlead::store {

struct Job {
  ProjectId project;
  JobId id;
  std::int16_t lane = 0;
  JobKind kind = JobKind::replay_events;
  JobFilter filter;
  JobState state = JobState::queued;
  int rate = job_rate_default;
  std::int64_t config_version = 0;  // it matches with this configuration or a newer one
  std::optional<IdBytes> cursor;    // the last object done
  std::optional<IdBytes> part;      // of the object after it: the last subscription done
  IdBytes low = id_lowest, high = id_highest;
  std::optional<std::int64_t> total;
  JobCounts counts;
  std::string error;
  TimePoint created_at;
  TimePoint updated_at;
  std::optional<TimePoint> finished_at;
};

// Adds a queued job (its id, kind, filter, rate, range, total and created_at count). False: an open one of the project
// does the same already (retries in bulk: one a project; recovery: one an endpoint and kind).
[[nodiscard]] Result<bool> insert_job(Tx& tx, const Job& job);
// How many of the project's jobs are open, counted up to `most`.
[[nodiscard]] Result<int> count_open_jobs(Tx& tx, const ProjectId& project, int most);
// The job, or Code::not_found.
[[nodiscard]] Result<Job> get_job(Tx& tx, const ProjectId& project, const JobId& id);
[[nodiscard]] Result<std::vector<Job>> list_jobs(Tx& tx, const ProjectId& project, const Keyset& keyset);
// Ends an open job as cancelled; false: it was not open. A chunk under way is waited for. Autocommit.
[[nodiscard]] Result<bool> cancel_job(Tx& tx, const ProjectId& project, const JobId& id, TimePoint now);

// Up to 32 open jobs of these lanes, those that waited longest first. Autocommit.
[[nodiscard]] Result<std::vector<Job>> list_open_jobs(Tx& tx, const std::vector<std::int16_t>& lanes);
// Holds the job for this transaction. False: it is not open any more, or somebody else moved its cursor.
[[nodiscard]] Result<bool> hold_job(Tx& tx, const Job& job);
struct JobStep {
  std::optional<IdBytes> cursor;  // as they are to be
  std::optional<IdBytes> part;
  JobCounts counts;  // to be added
  JobState state = JobState::running;
  std::string error;
};
// Moves the job that this transaction holds.
[[nodiscard]] Result<bool> move_job(Tx& tx, const Job& job, const JobStep& step, TimePoint now);
// Deletes up to 1,000 jobs that ended before then; how many. Autocommit.
[[nodiscard]] Result<int> purge_jobs(Tx& tx, TimePoint before);

struct ReplayedDelivery {
  DeliveryId id;
  EventId event;
  SubscriptionId subscription;
  EndpointId endpoint;
  std::int16_t lane = 0;
  std::string discard_reason;  // not empty: final at once, visible, never queued
};
// Inserts deliveries that the job made, and their queue rows, and notes of the events `first_matched` that something
// matches them now; answers the endpoints that have work. What is there already stays. `version`: the configuration
// that was matched with. Run it read_write.
[[nodiscard]] Result<std::vector<EndpointDue>> insert_replayed(Tx& tx, const Job& job,
                                                               const std::vector<ReplayedDelivery>& deliveries,
                                                               const std::vector<EventId>& first_matched,
                                                               std::int64_t version);

}  // namespace fairlead::store
