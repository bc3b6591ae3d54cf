// Starting work in the background: a row, and a word to the data plane that works it off.
#pragma once

#include "common/store/jobs.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/pagination.hpp"

namespace fairlead::control {

// A project's open jobs; single replays are many and short.
inline constexpr int open_jobs_max = 100;
inline constexpr int open_replays_max = 10000;

// What of the filter's objects lies in the list's bounds and was made before now: jobs do not run after what comes
// later.
void bound_job(store::Job& job, const PageQuery& page, TimePoint now);

// Inserts the job and wakes the data plane. Code::rate_limited "too_many_jobs", or Code::invalid "job_running" if an
// open one does the same.
[[nodiscard]] Task<Result<store::Job>> start_job(Context& context, store::Job job, int open_max = open_jobs_max);

// Tells the endpoints' owners that they have rows, after these were committed. A word that is lost costs time only.
[[nodiscard]] Task<void> send_hints(Context& context, std::vector<store::EndpointDue> endpoints);

}  // namespace fairlead::control
