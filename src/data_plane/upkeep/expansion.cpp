#include "data_plane/upkeep/expansion.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unordered_map>

#include "common/ops/fault_point.hpp"
#include "common/store/queue.hpp"

namespace fairlead::upkeep {
namespace asio = boost::asio;
namespace {
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kChunk = 500;
}  // namespace

Expansion::Expansion(asio::any_io_executor executor, Wiring wiring)
    : strand_(make_serial(executor)), wiring_(std::move(wiring)), wake_(strand_) {}

void Expansion::notify() {
  asio::post(strand_, [this] {
    is_notified_ = true;
    wake_.cancel();
  });
}

void Expansion::stop() {
  asio::post(strand_, [this] {
    is_stopping_ = true;
    wake_.cancel();
  });
}

Task<void> Expansion::run() {
  while (!is_stopping_) {
    if (!std::exchange(is_notified_, false)) {
      wake_.expires_after(std::chrono::seconds(1));
      co_await wake_.async_wait(use_tuple);
      is_notified_ = false;
    }
    if (!is_stopping_ && co_await expand_all()) is_notified_ = true;
  }
}

// One chunk of each pending event, so that a large one does not hold up the others; true if there is more.
Task<bool> Expansion::expand_all() {
  const auto lanes = co_await wiring_.owned_lanes();
  if (lanes.empty()) co_return false;
  const auto pending = co_await wiring_.db.run(store::TxKind::autocommit, &store::list_pending, lanes);
  if (!pending) {
    wiring_.metrics.database_errors.Increment();
    spdlog::warn("expansion_failed error={}", pending.error().message);
    co_return false;
  }
  bool has_more = false;
  for (const auto& event : *pending) has_more = co_await expand_chunk(event) || has_more;
  co_return has_more;
}

// The next matches of the event. Filters are evaluated on a thread of the database's, where nobody else waits.
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
  auto chunk = co_await wiring_.db.run(store::TxKind::autocommit, work);
  co_return chunk;
}

Task<bool> Expansion::expand_chunk(store::PendingEvent pending) {
  auto project = wiring_.refresher.current()->find_project(pending.project);
  if (!project || project->version < pending.config_version) {
    if (!co_await wiring_.refresher.refresh()) co_return false;
    project = wiring_.refresher.current()->find_project(pending.project);
  }
  const auto chunk = co_await match_chunk(pending, project);
  if (!chunk) co_return false;
  std::vector<store::NewDelivery> deliveries;
  for (const auto& match : chunk->found.matches) {
    deliveries.push_back({.id = store::make_delivery_id(pending.event, pending.event, match.subscription->id),
                          .subscription = match.subscription->id,
                          .endpoint = match.endpoint->id,
                          .lane = store::lane_of(match.endpoint->id.bytes, wiring_.lane_count),
                          .discard_reason = match::discard_reason(match)});
  }
  const auto next = chunk->found.next;
  const auto now = wiring_.clock();
  // What it was matched with travels in the rows, so that a newer snapshot's endpoints are waited for.
  if (project) pending.config_version = project->version;
  fault_point(FaultPoint::expansion_before_commit);
  const auto moved =
      co_await wiring_.db.run(store::TxKind::read_write, &store::expand_pending, pending, deliveries, next, now);
  if (!moved) {
    spdlog::warn("expansion_failed event={} error={}", to_text(pending.event), moved.error().message);
    // It may have been committed all the same, and then the cursor is past these rows.
    std::vector<store::EndpointDue> recalled;
    for (const auto& delivery : deliveries)
      recalled.push_back({delivery.lane, delivery.endpoint, pending.project, now});
    wiring_.recall(std::move(recalled));
  }
  if (!moved || !*moved) co_return false;
  fault_point(FaultPoint::expansion_after_commit);
  std::vector<OfferedDelivery> offered;
  wiring_.metrics.deliveries_created.Increment(static_cast<double>(deliveries.size()));
  for (const auto& delivery : deliveries) {
    if (!delivery.discard_reason.empty()) {
      wiring_.metrics.finished(DeliveryStatus::discarded).Increment();
    } else {
      offered.push_back({{.lane = delivery.lane,
                          .project = pending.project,
                          .endpoint = delivery.endpoint,
                          .delivery = delivery.id,
                          .event = pending.event,
                          .subscription = delivery.subscription,
                          .due = now,
                          .attempt = 0,
                          .config_version = pending.config_version},
                         chunk->content});
    }
  }
  wiring_.offer(std::move(offered));
  co_return next.has_value();
}

}  // namespace fairlead::upkeep
