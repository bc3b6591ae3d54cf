#include "control_plane/services/jobs.hpp"

#include <spdlog/spdlog.h>

#include "common/store/deliveries.hpp"
#include "common/store/events.hpp"
#include "common/store/upkeep.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

Task<void> send_hint(Context& context, std::string payload) {
  const auto sent = co_await context.db.run(TxKind::autocommit, &store::send_hint, payload);
  if (!sent) spdlog::warn("hint_failed error={}", sent.error().message);
}

}  // namespace

void bound_job(store::Job& job, const PageQuery& page, TimePoint now) {
  std::array<std::uint8_t, 10> tail;
  tail.fill(0xff);
  job.low = page.low;
  job.high = std::min(page.high, make_id_bytes(now, tail));
}

Result<std::int64_t> count_job_objects(Tx& tx, const store::Job& job) {
  const auto& filter = job.filter;
  const store::Keyset within{job.low, job.high};
  if (!is_about_events(job.kind)) {
    return store::count_deliveries(tx,
                                   {.project = job.project,
                                    .start = filter.start,
                                    .end = filter.end,
                                    .endpoints = filter.endpoints,
                                    .event = filter.event,
                                    .subscription = filter.subscription,
                                    .statuses = filter.statuses,
                                    .event_type = filter.event_type,
                                    .owner_id = filter.owner_id},
                                   within);
  }
  store::EventFilter events{.project = job.project,
                            .start = filter.start,
                            .end = filter.end,
                            .sources = filter.sources,
                            .idempotency_key = filter.idempotency_key,
                            .owner_id = filter.owner_id};
  if (job.kind == JobKind::send_missing)
    events.missing_for = filter.endpoints.front();
  else
    events.endpoints = filter.endpoints;
  return store::count_events(tx, events, within);
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
  co_await send_hint(context, store::hint_of_work);
  co_return made;
}

Task<void> send_hints(Context& context, std::vector<store::EndpointDue> endpoints) {
  for (std::size_t at = 0; at < endpoints.size(); at += store::hint_endpoints_max) {
    const auto end = std::min(endpoints.size(), at + store::hint_endpoints_max);
    const std::vector<store::EndpointDue> some(endpoints.begin() + static_cast<std::ptrdiff_t>(at),
                                               endpoints.begin() + static_cast<std::ptrdiff_t>(end));
    co_await send_hint(context, store::make_hint(some));
  }
}

}  // namespace fairlead::control
