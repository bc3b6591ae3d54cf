// What a job is about, said in one place: what a preview counts is what a run looks through.
#pragma once

#include "common/store/deliveries.hpp"
#include "common/store/events.hpp"
#include "common/store/jobs.hpp"

namespace fairlead::store {

// How many objects (events or deliveries, as its kind says) the job is about; its cursor does not count. As costly as
// reading them all, which statement_timeout ends.
[[nodiscard]] Result<std::int64_t> count_job_objects(Tx& tx, const Job& job);

// What one step of a job may read; it takes no more objects than its rate allows for a second.
struct JobChunk {
  int window = 0;              // rows looked at
  int objects_max = 0;         // of them, objects of the job
  std::int64_t bytes_max = 0;  // of the bodies of events; the first always fits
};
// The job's next objects behind its cursor, in the order of their ids.
[[nodiscard]] Result<EventScan> scan_job_events(Tx& tx, const Job& job, const JobChunk& chunk);
[[nodiscard]] Result<DeliveryScan> scan_job_deliveries(Tx& tx, const Job& job, const JobChunk& chunk);

}  // namespace fairlead::store
