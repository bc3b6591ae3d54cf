// The dispatcher's reading side: rows out of the queue into mailboxes, and the backstop scans.
#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "data_plane/deliver/dispatcher.hpp"

namespace fairlead::deliver {
namespace asio = boost::asio;
namespace {
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
// Of an endpoint, beside those in hand: enough to overtake what comes while they are read. Less each if many ask.
constexpr std::size_t kFetchRows = 512;
constexpr std::size_t kRoundRows = 8192;
constexpr std::chrono::seconds kFloorSlack{60};  // rows that another node is still committing may be due that long ago
}  // namespace

// Asks for rows if the mailbox runs low and the database has some, or arranges to ask when the next one is due.
void Dispatcher::want_rows(Mailbox& box) {
  const auto& lane = lanes_[static_cast<std::size_t>(box.lane)];
  if (box.is_fetching || !lane.is_owned || lane.is_closing || is_draining_) return;
  const bool is_due = box.next_due && *box.next_due <= wiring_.clock();
  if (!box.has_more && !is_due) {
    if (box.next_due) schedule(box, *box.next_due);
    return;
  }
  // Few rows at a time cost as much as many: ask when half of a fetch is gone.
  const auto space = room(box);
  if (space == 0 || box.ready.size() > std::min(kFetchRows, box.ready.size() + space) / 2) return;
  box.is_fetching = true;
  box.was_missed = box.lacked_room = false;
  fetch_queue_.push_back(box.endpoint);
  fetch_wake_.cancel();
}

Task<void> Dispatcher::fetch_loop() {
  while (!is_stopping_) {
    if (fetch_queue_.empty()) {
      co_await fetch_wake_.async_wait(use_tuple);
      continue;
    }
    std::vector<EndpointId> endpoints;
    while (!fetch_queue_.empty() && endpoints.size() < limits::fetch_endpoints_max) {
      endpoints.push_back(fetch_queue_.front());
      fetch_queue_.pop_front();
    }
    co_await fetch(std::move(endpoints));
  }
}

Task<void> Dispatcher::fetch(std::vector<EndpointId> endpoints) {
  const auto epoch = epoch_;
  std::vector<store::FetchWish> wishes;
  for (const auto& id : endpoints) {
    auto* box = find_mailbox(id);
    if (box == nullptr) continue;
    box->done_while_fetching.clear();
    box->next_due.reset();  // the fetch tells; what is re-dated meanwhile adds itself
    const auto rows = std::min({kFetchRows, kRoundRows / endpoints.size(), room(*box)}) + box->in_hand.size();
    wishes.push_back({box->lane, id, static_cast<int>(rows), lanes_[static_cast<std::size_t>(box->lane)].floor});
  }
  if (wishes.empty()) co_return;
  const auto fetched = co_await wiring_.fetch_db.run(store::TxKind::autocommit, &store::fetch_rows, wishes);
  if (epoch != epoch_) co_return;
  Result<bool> taken = true;
  if (fetched) taken = co_await take_fetched(fetched->due, epoch);
  if (epoch != epoch_) co_return;
  if (fetched && taken) co_return end_fetch(wishes, &*fetched);
  wiring_.metrics.database_errors.Increment();
  spdlog::warn("fetch_failed endpoints={} error={}", wishes.size(),
               fetched ? taken.error().message : fetched.error().message);
  asio::steady_timer pause(strand_, std::chrono::milliseconds(250));
  co_await pause.async_wait(use_tuple);
  if (epoch == epoch_) end_fetch(wishes, nullptr);
}

// Loads what the rows send, a part at a time so that large bodies stay bounded, and puts them into their mailboxes.
Task<Result<bool>> Dispatcher::take_fetched(std::vector<QueueRow> rows, std::uint64_t epoch) {
  std::erase_if(rows, [&](const QueueRow& row) {
    auto* box = find_mailbox(row.endpoint);
    if (box == nullptr || box->done_while_fetching.contains(row.delivery)) return true;
    if (!box->in_hand.contains(row.delivery)) return false;
    // Its result was just recorded, and somebody had it sent again before we heard of it: look once more.
    const auto flight = flights_.find(row.delivery);
    if (flight != flights_.end() && flight->second.row.due != row.due) box->was_missed = true;
    return true;
  });
  const auto is_too_much = [this](const QueueRow& row) {
    auto* box = find_mailbox(row.endpoint);
    if (box == nullptr || has_room(*box)) return box == nullptr;
    box->was_missed = box->lacked_room = true;
    return true;
  };
  for (std::size_t at = 0;;) {
    rows.erase(std::remove_if(rows.begin() + static_cast<std::ptrdiff_t>(at), rows.end(), is_too_much), rows.end());
    if (at == rows.size()) co_return true;
    std::vector<store::EventKey> keys;
    std::unordered_map<EventId, std::size_t> places;
    for (std::size_t index = at; index < rows.size(); ++index) {
      if (places.emplace(rows[index].event, keys.size()).second)
        keys.push_back({rows[index].project, rows[index].event});
    }
    const auto loaded = co_await wiring_.fetch_db.run(store::TxKind::autocommit, &store::load_contents_part, keys,
                                                      limits::fetch_bytes_max);
    if (epoch != epoch_) co_return true;
    if (!loaded) co_return std::unexpected(loaded.error());
    Contents contents;
    for (const auto& each : loaded->contents) contents.emplace(each.event, each.content);
    for (; at < rows.size() && places[rows[at].event] < loaded->looked_at; ++at) take_row(rows[at], contents);
  }
}

void Dispatcher::take_row(const QueueRow& row, const Contents& contents) {
  auto* box = find_mailbox(row.endpoint);
  if (box == nullptr || box->in_hand.contains(row.delivery) || box->done_while_fetching.contains(row.delivery)) return;
  const auto content = contents.find(row.event);
  if (row.attempt < 0 || content == contents.end()) {
    // Begun by an owner that is gone, or its event is no longer kept: final, and the row says why.
    box->in_hand.insert(row.delivery);
    const auto project = wiring_.refresher.current()->find_project(row.project);
    record_unsent(
        {.row = row,
         .status = row.attempt < 0 ? DeliveryStatus::failure : DeliveryStatus::discarded,
         .next_due = std::nullopt,
         .attempts = std::abs(row.attempt),
         .reason =
             row.attempt < 0
                 ? "outcome unknown: the request was begun by a node that ended, and this delivery is made at most once"
                 : "the event is no longer stored",
         .attempt = nullptr},
        project, project ? project->find_endpoint(row.endpoint) : nullptr,
        content == contents.end() ? nullptr : content->second);
    return;
  }
  if (!has_room(*box)) {
    box->was_missed = box->lacked_room = true;
    return;
  }
  remember_young(row.delivery);
  push(*box, {row, content->second});
}

// Null: the fetch failed, everything stays as unknown as it was.
void Dispatcher::end_fetch(const std::vector<store::FetchWish>& wishes, const store::FetchedRows* fetched) {
  std::unordered_map<EndpointId, int> counts;
  if (fetched != nullptr) {
    for (const auto& row : fetched->due) ++counts[row.endpoint];
    for (const auto& later : fetched->later) {
      if (auto* box = find_mailbox(later.endpoint))
        box->next_due = std::min(box->next_due.value_or(later.due), later.due);
    }
  }
  for (const auto& wish : wishes) {
    auto* box = find_mailbox(wish.endpoint);
    if (box == nullptr) continue;
    box->is_fetching = false;
    box->done_while_fetching.clear();
    const bool has_seen_all = fetched != nullptr && counts[wish.endpoint] < wish.rows_max;
    box->has_more = !has_seen_all || box->was_missed;
    box->is_nearly_done = has_seen_all && box->was_missed && !box->lacked_room;
    pump(*box);
  }
}

// Somebody (a scan, a hint, a re-date) says that the endpoint has a row due then.
void Dispatcher::note_due(const store::EndpointDue& due) {
  const auto& lane = lanes_[static_cast<std::size_t>(due.lane)];
  if (!lane.is_owned || lane.is_closing) return;
  auto& box = mailbox(due.project, due.endpoint, due.lane);
  if (due.due <= wiring_.clock()) {
    // It may be one that is in hand; only a look at the database tells.
    box.has_more = box.was_missed = true;
  } else {
    box.next_due = std::min(box.next_due.value_or(due.due), due.due);
  }
  pump(box);
}

Task<std::optional<TimePoint>> Dispatcher::scan_lane(std::int16_t number, bool is_full) {
  const auto& lane = lanes_[static_cast<std::size_t>(number)];
  if (!lane.is_owned || lane.is_closing) co_return std::nullopt;
  const auto epoch = epoch_;
  const std::vector<store::LaneFloor> wish{{number, is_full ? TimePoint{} : lane.floor}};
  const auto scan = co_await wiring_.fetch_db.run(store::TxKind::autocommit, &store::scan_due, wish);
  if (!scan || epoch != epoch_ || !lanes_[static_cast<std::size_t>(number)].is_owned) co_return std::nullopt;
  TimePoint floor = scan->now - kFloorSlack;
  for (const auto& due : scan->endpoints) {
    floor = std::min(floor, due.due);
    note_due(due);
  }
  lanes_[static_cast<std::size_t>(number)].floor = floor;
  co_return floor;
}

}  // namespace fairlead::deliver
