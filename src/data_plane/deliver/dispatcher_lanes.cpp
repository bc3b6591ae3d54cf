// The dispatcher's lanes: how they are opened, given up in order, and dropped with a lost lease.
#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "data_plane/deliver/dispatcher.hpp"

namespace fairlead::deliver {
namespace asio = boost::asio;
namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

}  // namespace

Task<void> Dispatcher::open_lanes(std::vector<store::TakenLane> taken) {
  std::vector<std::int16_t> numbers;
  std::vector<store::LaneFloor> floors;
  const auto taken_at = Steady::now();
  auto usable_at = taken_at;
  for (const auto& each : taken) {
    auto& lane = lanes_[static_cast<std::size_t>(each.lane)];
    lane = Lane{.is_owned = true, .is_closing = false, .usable_at = taken_at, .floor = each.floor, .busy = 0};
    if (each.usable_at) lane.usable_at += std::max(Micros(0), *each.usable_at - wiring_.clock());
    usable_at = std::max(usable_at, lane.usable_at);
    numbers.push_back(each.lane);
    floors.push_back({each.lane, each.floor});
  }
  wiring_.metrics.lanes_owned.Set(static_cast<double>(owned_lanes().size()));
  const auto epoch = epoch_;
  asio::steady_timer pause(strand_, usable_at);
  co_await pause.async_wait(use_tuple);
  while (epoch == epoch_ && !is_stopping_) {
    const auto states = co_await wiring_.fetch_db.run(store::TxKind::autocommit, &store::list_endpoint_states, numbers);
    const auto scan = states ? co_await wiring_.fetch_db.run(store::TxKind::autocommit, &store::scan_due, floors)
                             : Result<store::DueScan>(std::unexpected(states.error()));
    if (epoch != epoch_) co_return;
    if (scan) {
      for (const auto& state : *states) apply_state(state);
      for (const auto& due : scan->endpoints) note_due(due);
      co_return;
    }
    spdlog::warn("lanes_open_failed error={}", scan.error().message);
    pause.expires_after(std::chrono::milliseconds(250));
    co_await pause.async_wait(use_tuple);
  }
}

Task<void> Dispatcher::close_lanes(std::vector<std::int16_t> numbers, std::chrono::milliseconds patience) {
  for (const auto number : numbers) lanes_[static_cast<std::size_t>(number)].is_closing = true;
  const auto until = Steady::now() + patience;
  const auto is_busy = [&] {
    return std::ranges::any_of(numbers, [&](auto n) { return lanes_[static_cast<std::size_t>(n)].busy > 0; });
  };
  while (is_busy() && Steady::now() < until) {
    settled_.expires_at(until);
    co_await settled_.async_wait(use_tuple);
  }
  const std::unordered_set<std::int16_t> closing(numbers.begin(), numbers.end());
  std::vector<store::RowChange> stragglers;
  for (const auto& [id, flight] : flights_) {
    if (!closing.contains(flight.row.lane)) continue;
    const auto left = std::max(Steady::duration(0), flight.deadline - Steady::now()) + std::chrono::seconds(1);
    stragglers.push_back({flight.row, wiring_.clock() + std::chrono::duration_cast<Micros>(left), flight.row.attempt});
  }
  if (!stragglers.empty()) {
    const auto changed = co_await wiring_.record_db.run(store::TxKind::autocommit, &store::change_rows, stragglers);
    const std::unordered_set<DeliveryId> moved =
        changed ? std::unordered_set<DeliveryId>(changed->begin(), changed->end()) : std::unordered_set<DeliveryId>{};
    for (const auto& change : stragglers) {
      const auto flight = flights_.find(change.row.delivery);
      if (flight != flights_.end() && moved.contains(change.row.delivery)) flight->second.row.due = change.due;
    }
  }
  co_await save_states();
  for (auto it = boxes_.begin(); it != boxes_.end();) {
    if (!closing.contains(it->second->lane)) {
      ++it;
      continue;
    }
    for (const auto& item : it->second->ready) hand_bytes_ -= std::min(hand_bytes_, item.content->body->size());
    ready_rows_ -= it->second->ready.size();
    it = boxes_.erase(it);
  }
  for (const auto number : numbers) lanes_[static_cast<std::size_t>(number)] = Lane{};
  wiring_.metrics.lanes_owned.Set(static_cast<double>(owned_lanes().size()));
}

void Dispatcher::forget_all() {
  ++epoch_;
  lease_until_ = {};
  wiring_.client.cancel_all();
  boxes_.clear();
  flights_.clear();
  dirty_.clear();
  waiting_.clear();
  fetch_queue_.clear();
  wakes_ = {};
  hand_bytes_ = ready_rows_ = 0;
  for (auto& lane : lanes_) lane = Lane{};
  settled_.cancel();
  wiring_.metrics.lanes_owned.Set(0);
}

std::vector<std::int16_t> Dispatcher::owned_lanes() const {
  std::vector<std::int16_t> owned;
  for (std::size_t number = 0; number < lanes_.size(); ++number) {
    if (lanes_[number].is_owned) owned.push_back(static_cast<std::int16_t>(number));
  }
  return owned;
}

}  // namespace fairlead::deliver
