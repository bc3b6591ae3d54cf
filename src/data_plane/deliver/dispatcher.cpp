#include "data_plane/deliver/dispatcher.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "data_plane/deliver/meta_event.hpp"
#include "data_plane/deliver/window.hpp"

namespace fairlead::deliver {
namespace asio = boost::asio;
namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kYoung{10};  // how long an offer may trail its commit

}  // namespace

Dispatcher::Dispatcher(asio::any_io_executor executor, Wiring wiring)
    : executor_(executor),
      strand_(make_serial(executor)),
      wiring_(std::move(wiring)),
      recorder_(strand_, wiring_.record_db, wiring_.metrics, wiring_.clock,
                [this](const store::DeliveryResult& result, bool is_recorded) { recorded(result, is_recorded); }),
      tokens_(executor, wiring_.client, wiring_.clock),
      lanes_(static_cast<std::size_t>(wiring_.lane_count)),
      fetch_wake_(strand_, Steady::time_point::max()),
      timer_wake_(strand_),
      settled_(strand_, Steady::time_point::max()),
      sweep_wake_(strand_) {}

Task<void> Dispatcher::run() {
  asio::co_spawn(strand_, fetch_loop(), asio::detached);
  asio::co_spawn(strand_, timer_loop(), asio::detached);
  asio::co_spawn(strand_, sweep_loop(), asio::detached);
  co_await recorder_.run();
}

void Dispatcher::stop() {
  is_stopping_ = true;
  recorder_.stop();
  fetch_wake_.cancel();
  timer_wake_.cancel();
  sweep_wake_.cancel();
}

void Dispatcher::offer(std::vector<OfferedDelivery> rows) {
  asio::post(strand_, [this, rows = std::move(rows)]() mutable { accept_rows(std::move(rows)); });
}

void Dispatcher::endpoints_changed(std::vector<EndpointId> endpoints) {
  asio::post(strand_, [this, endpoints = std::move(endpoints)] {
    for (const auto& id : endpoints) {
      if (auto* box = find_mailbox(id)) pump(*box);
    }
  });
}

void Dispatcher::hinted(std::vector<store::EndpointDue> endpoints) {
  asio::post(strand_, [this, endpoints = std::move(endpoints)] {
    for (const auto& due : endpoints) note_due(due);
  });
}

void Dispatcher::recall(std::vector<store::EndpointDue> endpoints) {
  asio::post(strand_, [this, endpoints = std::move(endpoints)]() mutable {
    std::erase_if(endpoints, [this](const store::EndpointDue& due) {
      const auto& lane = lanes_[static_cast<std::size_t>(due.lane)];
      const bool is_ours = lane.is_owned && !lane.is_closing;
      if (is_ours) note_due(due);
      return is_ours;
    });
    if (!endpoints.empty()) wiring_.hint(std::move(endpoints));
  });
}

Mailbox& Dispatcher::mailbox(const ProjectId& project, const EndpointId& endpoint, std::int16_t lane) {
  auto& box = boxes_[endpoint];
  if (!box) {
    box = std::make_unique<Mailbox>(project, endpoint, lane);
    box->serial = next_serial_++;
  }
  box->used_at = Steady::now();
  return *box;
}

Mailbox* Dispatcher::find_mailbox(const EndpointId& endpoint) {
  const auto found = boxes_.find(endpoint);
  return found == boxes_.end() ? nullptr : found->second.get();
}

void Dispatcher::accept_rows(std::vector<OfferedDelivery> rows) {
  std::vector<store::EndpointDue> foreign;
  for (auto& [row, content] : rows) {
    const auto& lane = lanes_[static_cast<std::size_t>(row.lane)];
    if (!lane.is_owned || lane.is_closing) {
      foreign.push_back({row.lane, row.endpoint, row.project, row.due});
      continue;
    }
    auto& box = mailbox(row.project, row.endpoint, row.lane);
    if (fetched_young_.contains(row.delivery) || box.in_hand.contains(row.delivery)) continue;
    // What waits in the database is older: it goes first, and this row is found behind it. Unless the fetch under way
    // brings the last of that: under steady traffic every fetch misses what comes meanwhile, and none would be the
    // last.
    const bool is_behind = box.has_more && !(box.is_nearly_done && box.is_fetching);
    if (const bool is_full = !has_room(box); is_behind || is_full) {
      box.has_more = box.was_missed = true;
      box.lacked_room = box.lacked_room || is_full;
      box.is_nearly_done = false;
    } else {
      push(box, {row, std::move(content)});
    }
    pump(box);
  }
  if (!foreign.empty()) wiring_.hint(std::move(foreign));
}

// One row always fits into an empty mailbox, so that nobody starves whatever the others hold.
std::size_t Dispatcher::room(const Mailbox& box) const {
  const std::size_t floor = box.ready.empty() && box.in_flight == 0 ? 1 : 0;
  const std::size_t bytes_max = window_of(limits::hand_bytes_max, hand_bytes_);
  if (box.ready_bytes >= bytes_max) return floor;
  const std::size_t most = std::max(limits::mailbox_rows_min, window_of(limits::hand_rows_max, ready_rows_));
  const std::size_t left = most - std::min(most, box.ready.size());
  if (box.ready_bytes == 0) return std::max(floor, left);
  // As if those to come were as large as those that are there.
  return std::max(floor, std::min(left, (bytes_max - box.ready_bytes) * box.ready.size() / box.ready_bytes));
}

void Dispatcher::push(Mailbox& box, Item item) {
  hand_bytes_ += item.content->body->size();
  box.ready_bytes += item.content->body->size();
  ++ready_rows_;
  box.in_hand.insert(item.row.delivery);
  box.ready.push_back(std::move(item));
}

Item Dispatcher::take_ready(Mailbox& box) {
  Item item = std::move(box.ready.front());
  box.ready.pop_front();
  box.ready_bytes -= item.content->body->size();
  --ready_rows_;
  return item;
}

bool Dispatcher::may_send(const Mailbox& box) const {
  const auto& lane = lanes_[static_cast<std::size_t>(box.lane)];
  return lane.is_owned && !lane.is_closing && lane.usable_at <= Steady::now() && has_lease() && !is_draining_;
}

// After a delivery's answer or its recording, of which most leave nothing to send or fetch behind them.
void Dispatcher::pump_rest(Mailbox& box) {
  if (!box.ready.empty() || box.has_more || box.next_due) pump(box);
}

// Sends what may be sent now, and arranges to come back for the rest.
void Dispatcher::pump(Mailbox& box) {
  if (!may_send(box)) return;
  const auto snapshot = wiring_.refresher.current();
  const auto project = snapshot->find_project(box.project);
  const auto endpoint = project ? project->find_endpoint(box.endpoint) : nullptr;
  if (!endpoint) return handle_missing(box, project);
  if (endpoint->status == EndpointStatus::paused) {
    box.was_paused = true;
    return;
  }
  const auto now = wiring_.clock();
  if (box.breaker.policy() != project->settings.breaker) box.breaker.set_policy(project->settings.breaker);
  if (std::exchange(box.was_paused, false)) box.breaker.ramp_up(now);
  if (box.disabled_generation != 0 && box.disabled_generation != endpoint->generation) revive(box, now);
  if (endpoint->status == EndpointStatus::inactive || box.disabled_generation == endpoint->generation) {
    discard_ready(box,
                  box.disabled_generation == endpoint->generation ? "endpoint is disabled: " + box.disabled_reason
                                                                  : "endpoint is disabled",
                  project, endpoint);
    return want_rows(box);
  }
  while (!box.ready.empty()) {
    const auto open = gate(box, *endpoint, now);
    if (!open.is_open) {
      if (open.ask_at) schedule(box, *open.ask_at);
      break;
    }
    Item item = take_ready(box);
    launch(box, std::move(item), project, endpoint);
  }
  want_rows(box);
}

// Somebody activated the endpoint again: what was held against it no longer counts.
void Dispatcher::revive(Mailbox& box, TimePoint now) {
  box.disabled_generation = 0;
  box.disabled_reason.clear();
  box.failing_since.reset();
  box.hold_until.reset();
  box.warned_percent = 0;
  box.breaker = Breaker{box.breaker.policy()};
  box.breaker.ramp_up(now);
  dirty_.insert(box.endpoint);
}

void Dispatcher::set_lease(Steady::time_point until) {
  const bool had = has_lease();
  lease_until_ = until;
  if (!had) pump_all();
}

void Dispatcher::pump_all() {
  std::vector<EndpointId> all;
  all.reserve(boxes_.size());
  for (const auto& [id, box] : boxes_) all.push_back(id);
  for (const auto& id : all) {
    if (auto* box = find_mailbox(id)) pump(*box);
  }
}

Dispatcher::Gate Dispatcher::gate(Mailbox& box, const EndpointConfig& endpoint, TimePoint now) {
  if (recorder_.is_full()) {
    was_full_ = true;
    return {};
  }
  if (box.hold_until && *box.hold_until > now) return {false, box.hold_until};
  const int allowed = box.breaker.allowed(now, wiring_.endpoint_concurrency);
  if (box.in_flight >= allowed) return {false, allowed == 0 ? box.breaker.open_until() : std::nullopt};
  if (in_flight_ >= limits::in_flight_max) {
    if (!std::exchange(box.is_waiting_for_slot, true)) waiting_.push_back(box.endpoint);
    return {};
  }
  if (!box.limiter || box.limit_count != endpoint.rate_limit || box.limit_window != endpoint.rate_window) {
    box.limiter.emplace(endpoint.rate_limit, endpoint.rate_window);
    box.limit_count = endpoint.rate_limit;
    box.limit_window = endpoint.rate_window;
  }
  if (const auto at = box.limiter->take(now)) return {false, at};
  return {true, std::nullopt};
}

// The endpoint is not in the snapshot: either it is newer than the snapshot, or it was deleted.
void Dispatcher::handle_missing(Mailbox& box, const match::ProjectPtr& project) {
  if (box.ready.empty()) return want_rows(box);
  const std::int64_t known = project ? project->version : wiring_.refresher.current()->version;
  const bool is_newer =
      std::ranges::any_of(box.ready, [&](const Item& item) { return item.row.config_version > known; });
  if (!is_newer) {
    discard_ready(box, project ? "endpoint was deleted" : "project was deleted", project, nullptr);
    return want_rows(box);
  }
  if (std::exchange(is_refreshing_, true)) return;
  auto refreshed = [](Dispatcher* self) -> Task<void> {
    const auto done = co_await self->wiring_.refresher.refresh();
    self->is_refreshing_ = false;
    if (done) self->pump_all();
  };
  asio::co_spawn(strand_, refreshed(this), asio::detached);
}

void Dispatcher::discard_ready(Mailbox& box, const std::string& reason, const match::ProjectPtr& project,
                               const match::EndpointPtr& endpoint) {
  while (!box.ready.empty() && !recorder_.is_full()) {
    const Item item = take_ready(box);
    hand_bytes_ -= std::min(hand_bytes_, item.content->body->size());
    record_unsent({.row = item.row,
                   .status = DeliveryStatus::discarded,
                   .next_due = std::nullopt,
                   .attempts = std::abs(item.row.attempt),
                   .reason = reason,
                   .attempt = nullptr},
                  project, endpoint, item.content);
  }
  if (!box.ready.empty()) was_full_ = true;
}

// A delivery's end without an attempt: recorded, and told to who wants to know.
void Dispatcher::record_unsent(store::DeliveryResult result, const match::ProjectPtr& project,
                               const match::EndpointPtr& endpoint, std::shared_ptr<const EventContent> content) {
  result.meta_event = tell_of_unsent(project, endpoint, std::move(content), result, wiring_.clock(), meta_event_ids_,
                                     wiring_.refresher.sealer());
  recorder_.add(std::move(result));
}

void Dispatcher::remember_young(const DeliveryId& delivery) {
  const auto now = Steady::now();
  while (!fetched_young_order_.empty() && fetched_young_order_.front().first + kYoung < now) {
    fetched_young_.erase(fetched_young_order_.front().second);
    fetched_young_order_.pop_front();
  }
  if (wiring_.clock() - id_time(delivery.bytes) > kYoung) return;
  if (fetched_young_.insert(delivery).second) fetched_young_order_.emplace_back(now, delivery);
}

// When to look at the mailbox again; the earliest wish counts.
void Dispatcher::schedule(Mailbox& box, TimePoint at) {
  const auto wait = std::max(Micros(0), at - wiring_.clock());
  const auto wake_at = Steady::now() + wait + std::chrono::milliseconds(1);
  if (box.wake_at <= wake_at) return;
  box.wake_at = wake_at;
  const bool is_first = wakes_.empty() || wake_at < wakes_.top().first;
  wakes_.emplace(wake_at, box.endpoint);
  if (is_first) timer_wake_.cancel();
}

Task<void> Dispatcher::timer_loop() {
  while (!is_stopping_) {
    timer_wake_.expires_at(wakes_.empty() ? Steady::now() + std::chrono::hours(1) : wakes_.top().first);
    co_await timer_wake_.async_wait(use_tuple);
    while (!wakes_.empty() && wakes_.top().first <= Steady::now()) {
      const auto [at, endpoint] = wakes_.top();
      wakes_.pop();
      auto* box = find_mailbox(endpoint);
      if (box == nullptr || box->wake_at != at) continue;  // replaced by an earlier wake
      box->wake_at = Steady::time_point::max();
      pump(*box);
    }
  }
}

Task<void> Dispatcher::sweep_loop() {
  while (!is_stopping_) {
    sweep_wake_.expires_after(std::chrono::seconds(5));
    co_await sweep_wake_.async_wait(use_tuple);
    sweep();
  }
}

// Mailboxes with nothing in them and nothing to remember go.
void Dispatcher::sweep() {
  const auto now = Steady::now();
  std::erase_if(boxes_, [&](const auto& entry) {
    const auto& box = *entry.second;
    const auto keep = std::max<std::chrono::seconds>(std::chrono::seconds(60),
                                                     box.limit_count > 0 ? box.limit_window : std::chrono::seconds(0));
    const bool says_nothing =
        !box.hold_until && !box.failing_since && box.disabled_generation == 0 && !box.breaker.open_until();
    return box.is_idle() && says_nothing && box.used_at + keep < now && !dirty_.contains(entry.first);
  });
  std::size_t in_hand = 0;
  for (const auto& [id, box] : boxes_) in_hand += box->in_hand.size();
  wiring_.metrics.deliveries_in_hand.Set(static_cast<double>(in_hand));
}

}  // namespace fairlead::deliver
