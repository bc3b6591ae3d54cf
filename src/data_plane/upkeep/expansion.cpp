#include "data_plane/upkeep/expansion.hpp"

#include <spdlog/spdlog.h>

#include "common/ops/fault_point.hpp"
#include "common/store/queue.hpp"

namespace fairlead::upkeep {
namespace asio = boost::asio;
namespace {
constexpr std::size_t kChunk = 500;
constexpr std::chrono::seconds kLookPeriod{1};
constexpr std::chrono::milliseconds kSlice{20};  // of a project's in a round, one chunk at least
}  // namespace

Expansion::Expansion(const asio::any_io_executor& executor, LaneWork work, Offer offer)
    : rounds_(executor), work_(std::move(work)), offer_(std::move(offer)) {}

Task<void> Expansion::run() {
  return rounds_.run([this] { return expand_some(); });
}

// One chunk of each of some pending events, projects in turn, so that neither a large event nor a project whose filters
// take long holds up the others. At once again unless nothing came of it.
Task<Steady::time_point> Expansion::expand_some() {
  const auto later = Steady::now() + kLookPeriod;
  const auto lanes = co_await work_.owned_lanes();
  if (lanes.empty()) co_return later;
  const auto pending = co_await work_.db.run(store::TxKind::autocommit, &store::list_pending, lanes, last_);
  if (!pending) {
    work_.metrics.database_errors.Increment();
    spdlog::warn("expansion_failed error={}", pending.error().message);
    co_return later;
  }
  const bool is_from_start = last_ == ProjectId{}, is_full = pending->size() >= store::pending_rows_max;
  bool has_more = !is_from_start && !is_full;  // those of the projects before are next
  auto until = Steady::now() + kSlice;
  for (const auto& event : *pending) {
    if (rounds_.is_stopping()) co_return later;
    if (event.project != last_) {
      last_ = event.project;
      until = Steady::now() + kSlice;
    } else if (Steady::now() >= until) {
      continue;
    }
    has_more = co_await expand_chunk(event) || has_more;
  }
  if (!is_full) last_ = {};
  co_return has_more ? Steady::now() : later;
}

// The next matches of the event. Filters are evaluated on the thread of a connection that nobody else uses.
Task<Result<Expansion::Chunk>> Expansion::match_chunk(store::PendingEvent pending, match::ProjectPtr project) {
  auto work = [pending, project](store::Tx& tx) -> Result<Chunk> {
    Chunk chunk;
    FL_TRY(auto contents, store::load_contents(tx, {{pending.project, pending.event}}));
    if (contents.empty() || !project) return chunk;
    chunk.content = contents.front().content;
    const match::Target target{pending.endpoint, pending.owner_id, pending.source};
    chunk.found = match::match_event(*project, {.target = target,
                                                .content = *chunk.content,
                                                .after = pending.cursor,
                                                .matches_max = kChunk,
                                                .steps_max = match::chunk_steps_max,
                                                .has_progress = true});
    return chunk;
  };
  auto chunk = co_await work_.db.run(store::TxKind::autocommit, work);
  co_return chunk;
}

Task<bool> Expansion::expand_chunk(store::PendingEvent pending) {
  auto project = work_.refresher.current()->find_project(pending.project);
  if (!project || project->version < pending.config_version) {
    if (!co_await work_.refresher.refresh()) co_return false;
    project = work_.refresher.current()->find_project(pending.project);
  }
  const auto chunk = co_await match_chunk(pending, project);
  if (!chunk) co_return false;
  std::vector<store::NewDelivery> deliveries;
  for (const auto& match : chunk->found.matches) {
    deliveries.push_back({.id = store::make_delivery_id(pending.event, pending.event, match.subscription->id),
                          .subscription = match.subscription->id,
                          .endpoint = match.endpoint->id,
                          .lane = store::lane_of(match.endpoint->id.bytes, work_.lane_count),
                          .discard_reason = match::discard_reason(match)});
  }
  const auto next = chunk->found.next;
  const auto now = work_.clock();
  // What it was matched with travels in the rows, so that a newer snapshot's endpoints are waited for.
  if (project) pending.config_version = project->version;
  fault_point(FaultPoint::expansion_before_commit);
  const auto moved =
      co_await work_.db.run(store::TxKind::read_write, &store::expand_pending, pending, deliveries, next, now);
  if (!moved) {
    spdlog::warn("expansion_failed event={} error={}", to_text(pending.event), moved.error().message);
    // It may have been committed all the same, and then the cursor is past these rows.
    std::vector<store::EndpointDue> recalled;
    for (const auto& delivery : deliveries)
      recalled.push_back({delivery.lane, delivery.endpoint, pending.project, now});
    work_.recall(std::move(recalled));
  }
  if (!moved || !*moved) co_return false;
  fault_point(FaultPoint::expansion_after_commit);
  std::vector<OfferedDelivery> offered;
  work_.metrics.deliveries_created.Increment(static_cast<double>(deliveries.size()));
  for (const auto& delivery : deliveries) {
    if (!delivery.discard_reason.empty()) {
      work_.metrics.finished(DeliveryStatus::discarded).Increment();
    } else {
      offered.push_back(
          make_offer(delivery, pending.project, pending.event, pending.config_version, now, chunk->content));
    }
  }
  offer_(std::move(offered));
  co_return true;
}

}  // namespace fairlead::upkeep
