#include "data_plane/upkeep/housekeeping.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/ops/log.hpp"
#include "common/store/migrator.hpp"

namespace fairlead::upkeep {
namespace asio = boost::asio;
namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
using std::chrono::milliseconds;
using std::chrono::seconds;

// The node that owns the lowest lane does what one node does for all.
bool is_leader(const std::vector<std::int16_t>& lanes) { return !lanes.empty() && lanes.front() == 0; }

}  // namespace

Housekeeping::Housekeeping(Strand strand, Wiring wiring) : strand_(strand), wiring_(std::move(wiring)) {}

std::optional<store::ServerFacts> Housekeeping::facts() const {
  const std::lock_guard lock(mutex_);
  return facts_;
}

Task<void> Housekeeping::run() {
  asio::co_spawn(strand_, vacuum_loop(), asio::detached);
  asio::co_spawn(strand_, slow_loop(), asio::detached);
  asio::co_spawn(strand_, count_loop(), asio::detached);
  co_await scan_loop();
}

void Housekeeping::stop() {
  is_stopping_ = true;
  for (const auto& timer : timers_) timer->cancel();
}

Task<void> Housekeeping::pause(milliseconds length) {
  if (is_stopping_) co_return;
  auto timer = std::make_shared<asio::steady_timer>(strand_, length);
  timers_.push_back(timer);
  co_await timer->async_wait(use_tuple);
  std::erase(timers_, timer);
}

// One lane a second from its floor; one lane a minute without.
Task<void> Housekeeping::scan_loop() {
  int beat = 0;
  while (!is_stopping_) {
    co_await pause(seconds(1));
    if (is_stopping_) co_return;
    co_await wiring_.save_states();
    const auto lanes = wiring_.owned_lanes();
    if (lanes.empty()) continue;
    const bool is_full = ++beat % 60 == 0;
    const auto lane = is_full ? lanes[full_turn_++ % lanes.size()] : lanes[turn_++ % lanes.size()];
    const auto floor = co_await wiring_.scan_lane(lane, is_full);
    if (!floor) continue;
    const auto saved = co_await wiring_.db.run(store::TxKind::autocommit, &store::save_floor, wiring_.node(),
                                               store::LaneFloor{lane, *floor});
    if (!saved) spdlog::warn("floor_save_failed lane={} error={}", lane, saved.error().message);
  }
}

Task<void> Housekeeping::vacuum_loop() {
  while (!is_stopping_) {
    co_await pause(seconds(5));
    if (is_stopping_ || !is_leader(wiring_.owned_lanes())) continue;
    const auto done = co_await wiring_.db.run(store::TxKind::autocommit, &store::vacuum_queue);
    if (!done) spdlog::warn("queue_vacuum_failed error={}", done.error().message);
  }
}

Task<void> Housekeeping::slow_loop() {
  int beat = 0;
  while (!is_stopping_) {
    co_await look();
    if (beat % 60 == 0) {
      const auto made = co_await wiring_.db.run(store::TxKind::autocommit, &store::make_partitions);
      if (!made)
        spdlog::warn("partitions_failed error={}", made.error().message);
      else if (*made > 0)
        spdlog::info("partitions_made count={}", *made);
    }
    co_await save_key_uses();
    if (is_leader(wiring_.owned_lanes())) {
      for (int round = 0; round < 20 && !is_stopping_; ++round) {
        const auto purged = co_await wiring_.db.run(store::TxKind::autocommit, &store::purge_idempotency_keys);
        if (!purged || *purged == 0) break;
      }
    }
    ++beat;
    co_await pause(seconds(10));
  }
}

// What is not saved is told at the key's next use a minute later.
Task<void> Housekeeping::save_key_uses() {
  constexpr std::size_t kRowsMax = 1000;
  if (!wiring_.take_key_uses) co_return;
  auto uses = wiring_.take_key_uses();
  for (std::size_t begin = 0; begin < uses.size(); begin += kRowsMax) {
    const auto end = std::min(uses.size(), begin + kRowsMax);
    const std::vector<store::KeyLastUse> some(uses.begin() + static_cast<std::ptrdiff_t>(begin),
                                              uses.begin() + static_cast<std::ptrdiff_t>(end));
    const auto saved = co_await wiring_.db.run(store::TxKind::autocommit, &store::save_key_uses, some);
    if (!saved) spdlog::warn("key_uses_failed error={}", saved.error().message);
  }
}

Task<void> Housekeeping::look() {
  auto seen = co_await wiring_.db.run(store::TxKind::autocommit, &store::read_server_facts);
  if (seen) {
    wiring_.metrics.oldest_xmin_seconds.Set(seen->oldest_xmin_seconds);
    wiring_.metrics.partition_days_ahead.Set(seen->partition_days_ahead);
  }
  wiring_.metrics.log_lines_dropped.Set(static_cast<double>(log_lines_dropped()));
  const std::lock_guard lock(mutex_);
  facts_ = seen ? std::optional(*seen) : std::nullopt;
}

// Counting a large queue costs; it is done the more seldom the longer it takes.
Task<void> Housekeeping::count_loop() {
  while (!is_stopping_) {
    const auto begin = Steady::now();
    const auto waiting =
        co_await wiring_.db.run(store::TxKind::autocommit, &store::count_waiting, wiring_.owned_lanes());
    if (waiting) wiring_.metrics.deliveries_waiting.Set(static_cast<double>(*waiting));
    const auto took = std::chrono::duration_cast<milliseconds>(Steady::now() - begin);
    co_await pause(std::max<milliseconds>(seconds(1), took * 100));
  }
}

}  // namespace fairlead::upkeep
