#include "common/store/job_selection.hpp"

#include <algorithm>

#include "common/store/id_range.hpp"

namespace fairlead::store {
namespace {

EventFilter event_filter(const Job& job) {
  const auto& filter = job.filter;
  EventFilter made{.project = job.project,
                   .start = filter.start,
                   .end = filter.end,
                   .sources = filter.sources,
                   .idempotency_key = filter.idempotency_key,
                   .owner_id = filter.owner_id};
  if (job.kind == JobKind::send_missing)
    made.missing_for = filter.endpoints.front();
  else
    made.endpoints = filter.endpoints;
  return made;
}

DeliveryFilter delivery_filter(const Job& job) {
  const auto& filter = job.filter;
  return {.project = job.project,
          .start = filter.start,
          .end = filter.end,
          .endpoints = filter.endpoints,
          .event = filter.event,
          .subscription = filter.subscription,
          .statuses = filter.statuses,
          .event_type = filter.event_type,
          .owner_id = filter.owner_id};
}

ScanRange range_of(const Job& job, const JobChunk& chunk) {
  return {job.cursor ? id_above(*job.cursor) : job.low, job.high, chunk.window, std::min(chunk.objects_max, job.rate)};
}

}  // namespace

Result<std::int64_t> count_job_objects(Tx& tx, const Job& job) {
  const Keyset within{.low = job.low, .high = job.high};
  return is_about_events(job.kind) ? count_events(tx, event_filter(job), within)
                                   : count_deliveries(tx, delivery_filter(job), within);
}

Result<EventScan> scan_job_events(Tx& tx, const Job& job, const JobChunk& chunk) {
  auto filter = event_filter(job);
  filter.bytes_max = chunk.bytes_max;
  return scan_events(tx, filter, range_of(job, chunk));
}

Result<DeliveryScan> scan_job_deliveries(Tx& tx, const Job& job, const JobChunk& chunk) {
  return scan_deliveries(tx, delivery_filter(job), range_of(job, chunk));
}

}  // namespace fairlead::store
