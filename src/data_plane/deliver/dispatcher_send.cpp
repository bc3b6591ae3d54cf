// The dispatcher's sending side: requests leave, answers land, endpoints are judged, results are recorded.
#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "data_plane/deliver/dispatcher.hpp"
#include "data_plane/deliver/meta_event.hpp"

namespace fairlead::deliver {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::hours kDisableAfter{5 * 24};  // without a success

}  // namespace

void Dispatcher::launch(Mailbox& box, Item item, const match::ProjectPtr& project, const match::EndpointPtr& endpoint) {
  const auto subscription = project->find_subscription(item.row.subscription);
  auto job = std::make_shared<SendJob>(
      SendJob{.row = item.row,
              .content = std::move(item.content),
              .project = project,
              .endpoint = endpoint,
              .policy = subscription && subscription->retry ? *subscription->retry : project->settings.retry,
              .is_at_most_once = subscription && subscription->is_at_most_once,
              .mailbox_serial = box.serial,
              .flight = next_serial_++});
  flights_[job->row.delivery] = {job->row, Steady::now() + endpoint->timeout, job->content->body->size(), job->flight};
  ++lanes_[static_cast<std::size_t>(box.lane)].busy;
  ++box.in_flight;
  wiring_.metrics.deliveries_in_flight.Set(static_cast<double>(++in_flight_));
  // At most once needs its start mark committed before; everything else leaves the strand at once.
  if (job->is_at_most_once)
    asio::co_spawn(strand_, fly(std::move(job)), asio::detached);
  else
    asio::co_spawn(executor_, fly(std::move(job)), asio::detached);
}

Task<void> Dispatcher::fly(std::shared_ptr<SendJob> job) {
  Sent sent;
  try {
    sent =
        job->is_at_most_once ? co_await mark_and_send(job) : co_await send(wiring_.client, tokens_, job, wiring_.clock);
  } catch (const std::exception& error) {
    wiring_.metrics.stage_errors.Increment();
    spdlog::error("send_failed delivery={} error={}", to_text(job->row.delivery), error.what());
    sent.failure = net::FailureClass::canceled;  // nothing is known of it: the row stays as it is
  }
  asio::post(strand_,
             [this, job = std::move(job), sent = std::move(sent)]() mutable { landed(*job, std::move(sent)); });
}

// On the strand. The mark (attempt below zero) is committed before anything is sent: whoever finds it after a crash
// knows that the request may have been received, and does not send it again.
Task<Sent> Dispatcher::mark_and_send(std::shared_ptr<SendJob> job) {
  const store::RowChange mark{job->row, job->row.due, -(job->row.attempt + 1)};
  const auto changed =
      co_await wiring_.record_db.run(store::TxKind::autocommit, &store::change_rows, std::vector{mark});
  auto* flight = find_flight(job->row.delivery, job->flight);
  if (!changed || changed->empty() || flight == nullptr || !has_lease()) {
    Sent unsent;
    unsent.failure = net::FailureClass::canceled;
    co_return unsent;
  }
  flight->row.attempt = mark.attempt;
  job->row.attempt = mark.attempt;
  co_return co_await send(wiring_.client, tokens_, job, wiring_.clock);
}

void Dispatcher::landed(const SendJob& job, Sent sent) {
  wiring_.metrics.deliveries_in_flight.Set(static_cast<double>(--in_flight_));
  auto* box = find_mailbox(job.row.endpoint);
  if (box != nullptr && box->serial != job.mailbox_serial) box = nullptr;
  if (box != nullptr) --box->in_flight;
  if (sent.failure == net::FailureClass::canceled) {
    end_flight(job.row.delivery, job.flight);
    if (box != nullptr) {
      box->in_hand.erase(job.row.delivery);
      box->has_more = box->was_missed = true;
    }
  } else {
    wiring_.metrics.attempts(sent.failure).Increment();
    if (sent.failure == net::FailureClass::none && sent.result.attempts == 1) {
      wiring_.metrics.delivery_seconds.Observe(
          std::chrono::duration<double>(wiring_.clock() - id_time(job.row.event.bytes)).count());
    }
    // What could not take the endpoint's form says nothing of the endpoint.
    if (box != nullptr && sent.failure != net::FailureClass::unsendable) note_outcome(*box, job, sent);
    // The row as the database has it now: a straggler's was re-dated while it was in flight.
    if (const auto* flight = find_flight(job.row.delivery, job.flight)) sent.result.row = flight->row;
    sent.result.flight = job.flight;
    if (const char* type = meta_event_type(job.project->settings.meta_events, sent.result.status))
      sent.result.meta_event =
          make_meta_event(type, job, sent, wiring_.clock(), meta_event_ids_, wiring_.refresher.sealer());
    recorder_.add(std::move(sent.result));
  }
  if (box != nullptr) pump_rest(*box);
  serve_waiting();
}

void Dispatcher::serve_waiting() {
  while (!waiting_.empty() && in_flight_ < limits::in_flight_max) {
    const auto endpoint = waiting_.front();
    waiting_.pop_front();
    if (auto* box = find_mailbox(endpoint)) {
      box->is_waiting_for_slot = false;
      pump(*box);
    }
  }
}

// What the answer says of the endpoint.
void Dispatcher::note_outcome(Mailbox& box, const SendJob& job, const Sent& sent) {
  const auto now = wiring_.clock();
  const bool is_success = sent.failure == net::FailureClass::none;
  const bool was_open = box.breaker.open_until().has_value();
  box.breaker.record(is_success, now);
  if (sent.hold_until) box.hold_until = std::max(box.hold_until.value_or(*sent.hold_until), *sent.hold_until);
  if (is_success) {
    box.failing_since.reset();
    box.warned_percent = 0;
    if (box.hold_until && *box.hold_until <= now) box.hold_until.reset();
  } else {
    if (!box.failing_since) box.failing_since = now;
    if (sent.is_gone) {
      disable(box, *job.endpoint, "it answered 410 Gone");
    } else if (job.project->settings.disables_endpoints) {
      if (now - *box.failing_since >= kDisableAfter)
        disable(box, *job.endpoint, "no success for 5 days");
      else
        warn_of_disabling(box, now);
    }
  }
  if (!was_open && box.breaker.open_until()) spdlog::warn("breaker_opened endpoint={}", to_text(box.endpoint));
  if (state_of(box) != box.saved.value_or(store::EndpointState{})) dirty_.insert(box.endpoint);
}

void Dispatcher::warn_of_disabling(Mailbox& box, TimePoint now) {
  const auto percent = (now - *box.failing_since) * 100 / kDisableAfter;
  for (const int step : {90, 70, 50}) {
    if (percent < step || box.warned_percent >= step) continue;
    box.warned_percent = step;
    spdlog::warn("endpoint_near_disabling endpoint={} percent={} failing_since={}", to_text(box.endpoint), step,
                 to_rfc3339(*box.failing_since));
    break;
  }
}

void Dispatcher::disable(Mailbox& box, const EndpointConfig& endpoint, std::string reason) {
  box.disabled_generation = endpoint.generation;
  box.disabled_reason = std::move(reason);
  dirty_.insert(box.endpoint);
  spdlog::warn("endpoint_disabled endpoint={} reason=\"{}\"", to_text(box.endpoint), box.disabled_reason);
}

Dispatcher::Flight* Dispatcher::find_flight(const DeliveryId& delivery, std::uint64_t number) {
  const auto found = flights_.find(delivery);
  return found != flights_.end() && found->second.number == number ? &found->second : nullptr;
}

void Dispatcher::end_flight(const DeliveryId& delivery, std::uint64_t number) {
  const auto* flight = find_flight(delivery, number);
  if (flight == nullptr) return;
  auto& lane = lanes_[static_cast<std::size_t>(flight->row.lane)];
  hand_bytes_ -= std::min(hand_bytes_, flight->bytes);
  lane.busy = std::max(0, lane.busy - 1);
  if (lane.busy == 0 && lane.is_closing) settled_.cancel();
  flights_.erase(delivery);
}

void Dispatcher::recorded(const store::DeliveryResult& result, bool is_recorded) {
  const bool is_present = result.flight == 0 || find_flight(result.row.delivery, result.flight) != nullptr;
  end_flight(result.row.delivery, result.flight);
  if (!is_recorded) {
    wiring_.metrics.results_fenced.Increment();
  } else if (!result.next_due) {
    wiring_.metrics.finished(result.status).Increment();
  }
  if (auto* box = find_mailbox(result.row.endpoint)) {
    if (is_present) box->in_hand.erase(result.row.delivery);
    if (box->is_fetching) box->done_while_fetching.insert(result.row.delivery);
    // Fenced: what became of the row is not known here (it may be our own, recorded by a commit whose outcome was
    // lost).
    if (!is_recorded)
      box->has_more = box->was_missed = true;
    else if (result.next_due)
      box->next_due = std::min(box->next_due.value_or(*result.next_due), *result.next_due);
    pump_rest(*box);
  }
  if (was_full_ && !recorder_.is_full()) {
    was_full_ = false;
    asio::post(strand_, [this] { pump_all(); });
  }
}

void Dispatcher::apply_state(const store::EndpointState& state) {
  auto& box = mailbox(state.project, state.endpoint, state.lane);
  box.hold_until = state.hold_until;
  box.failing_since = state.failing_since;
  if (state.is_disabled) {
    box.disabled_generation = state.generation;
    box.disabled_reason = state.reason;
  }
  if (state.breaker_open_until) box.breaker.restore_open(*state.breaker_open_until);
  box.saved = state;
}

store::EndpointState Dispatcher::state_of(const Mailbox& box) const {
  return {.project = box.project,
          .endpoint = box.endpoint,
          .lane = box.lane,
          .is_disabled = box.disabled_generation > 0,
          .reason = box.disabled_reason,
          .generation = std::max(1, box.disabled_generation),
          .failing_since = box.failing_since,
          .hold_until = box.hold_until,
          .breaker_open_until = box.breaker.open_until()};
}

Task<void> Dispatcher::save_states() {
  std::vector<store::EndpointState> states;
  for (const auto& id : std::exchange(dirty_, {})) {
    const auto* box = find_mailbox(id);
    if (box != nullptr && (!box->saved || *box->saved != state_of(*box))) states.push_back(state_of(*box));
  }
  if (states.empty()) co_return;
  const auto saved =
      co_await wiring_.fetch_db.run(store::TxKind::autocommit, &store::save_endpoint_states, states, wiring_.clock());
  if (!saved) spdlog::warn("endpoint_states_save_failed error={}", saved.error().message);
  for (const auto& state : states) {
    auto* box = find_mailbox(state.endpoint);
    if (box == nullptr) continue;
    if (saved)
      box->saved = state;
    else
      dirty_.insert(state.endpoint);
  }
}

}  // namespace fairlead::deliver
