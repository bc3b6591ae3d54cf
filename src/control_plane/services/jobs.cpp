#include "control_plane/services/jobs.hpp"

#include <spdlog/spdlog.h>

#include "common/store/upkeep.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

Task<void> notify(Context& context, std::vector<std::string> payloads) {
  const auto sent = co_await context.db.run(TxKind::autocommit, &store::send_hints, payloads);
  if (!sent) spdlog::warn("hint_failed error={}", sent.error().message);
}

}  // namespace

void bound_job(store::Job& job, const PageQuery& page, TimePoint now) {
  std::array<std::uint8_t, 10> tail;
  tail.fill(0xff);
  job.low = page.low;
  job.high = std::min(page.high, make_id_bytes(now, tail));
}

Task<Result<store::Job>> start_job(Context& context, store::Job job, int open_max) {
  const auto insert = [job, open_max](Tx& tx) -> Result<store::Job> {
    FL_TRY(const int open, store::count_open_jobs(tx, job.project, open_max));
    if (open >= open_max)
      return fail(Error{Code::rate_limited, "the project has too many unfinished jobs", "too_many_jobs"});
    FL_TRY(const bool is_new, store::insert_job(tx, job));
    if (!is_new) return fail(Error{Code::invalid, "a job that does the same is still running", "job_running"});
    return store::get_job(tx, job.project, job.id);
  };
  FL_CO_TRY(auto made, co_await context.db.run(TxKind::read_write, insert));
  co_await notify(context, {store::hint_of_work});
  co_return made;
}

Task<void> send_hints(Context& context, std::vector<store::EndpointDue> endpoints) {
  co_await notify(context, store::make_hints(endpoints));
}

}  // namespace fairlead::control
