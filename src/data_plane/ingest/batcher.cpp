#include "data_plane/ingest/batcher.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "common/ops/fault_point.hpp"
#include "common/store/queue.hpp"

namespace fairlead::ingest {
namespace asio = boost::asio;
namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

// The scans of all lanes come round in less: what is older has been found.
constexpr std::chrono::minutes kRecallWithin{2};

std::size_t bytes_of(const Submission& submission) {
  return submission.request.content->body->size() + submission.request.content->headers_json.size() + 256;
}

Error queue_full(std::string_view whose) {
  return {Code::unavailable, "too many events are waiting for their commit" + std::string(whose) + "; try again",
          "ingest_queue_full"};
}

}  // namespace

Batcher::Batcher(asio::any_io_executor executor, Wiring wiring)
    : strand_(make_serial(executor)), wiring_(std::move(wiring)), wake_(strand_, Steady::time_point::max()) {}

Task<Result<StoredEvent>> Batcher::submit(std::shared_ptr<Submission> submission) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(Result<StoredEvent>)>(
      [this](auto handler, std::shared_ptr<Submission> submitted) {
        auto executor = asio::get_associated_executor(handler);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        Complete complete = [shared, executor,
                             guard = asio::make_work_guard(executor)](Result<StoredEvent> answer) mutable {
          asio::post(executor,
                     [shared, answer = std::move(answer)]() mutable { std::move (*shared)(std::move(answer)); });
          guard.reset();
        };
        asio::post(strand_, [this, entry = Entry{std::move(submitted), std::move(complete), {}}]() mutable {
          enqueue(std::move(entry));
        });
      },
      asio::use_awaitable, std::move(submission));
}

void Batcher::enqueue(Entry entry) {
  const std::size_t bytes = bytes_of(*entry.submission);
  auto& queue = queues_[entry.submission->project];
  if (queued_ >= limits::queue_events_max || queued_bytes_ + bytes > limits::queue_bytes_max) {
    return entry.complete(fail(queue_full("")));
  }
  if (queue.entries.size() >= limits::queue_events_max / 2 || queue.bytes + bytes > limits::queue_bytes_max / 2) {
    return entry.complete(fail(queue_full(" in this project")));
  }
  queue.entries.push_back(std::move(entry));
  queue.bytes += bytes;
  queued_bytes_ += bytes;
  wiring_.metrics.ingest_queued.Set(static_cast<double>(++queued_));
  wake_.cancel_one();
}

// Projects take turns, one event each, so that a flood in one leaves room in the batch for the others. Two events with
// the same idempotency key never share a batch: the second one stays and meets the first's row.
Batcher::Entries Batcher::take_batch() {
  Entries batch;
  std::size_t bytes = 0, deliveries = 0;
  std::set<std::pair<ProjectId, std::string>> keys;
  std::set<ProjectId> blocked;
  while (batch.size() < limits::batch_events_max && bytes < limits::batch_bytes_max &&
         deliveries < limits::batch_deliveries_max && blocked.size() < queues_.size()) {
    auto turn = queues_.upper_bound(last_served_);
    if (turn == queues_.end()) turn = queues_.begin();
    last_served_ = turn->first;
    auto& queue = turn->second;
    if (blocked.contains(turn->first)) continue;
    const auto& next = *queue.entries.front().submission;
    const auto& key = next.request.content->idempotency_key;
    if ((!key.empty() && !keys.emplace(turn->first, key).second)) {
      blocked.insert(turn->first);
      continue;
    }
    const std::size_t size = bytes_of(next);
    bytes += size;
    deliveries += next.matches.size();
    queue.bytes -= size;
    queued_bytes_ -= size;
    --queued_;
    batch.push_back(std::move(queue.entries.front()));
    queue.entries.pop_front();
    if (queue.entries.empty()) queues_.erase(turn);
  }
  wiring_.metrics.ingest_queued.Set(static_cast<double>(queued_));
  return batch;
}

Task<void> Batcher::run(int committers) {
  for (int index = 1; index < committers; ++index) {
    asio::co_spawn(strand_, commit_loop(), asio::detached);
  }
  co_await asio::co_spawn(strand_, commit_loop(), asio::use_awaitable);
}

void Batcher::stop() {
  asio::post(strand_, [this] {
    is_stopping_ = true;
    wake_.cancel();
  });
}

Task<void> Batcher::commit_loop() {
  for (;;) {
    auto batch = take_batch();
    if (batch.empty()) {
      if (is_stopping_) co_return;
      co_await wake_.async_wait(use_tuple);
      continue;
    }
    wiring_.metrics.batch_events.Observe(static_cast<double>(batch.size()));
    co_await commit(std::move(batch));
  }
}

void Batcher::answer_all(Entries& batch, const Error& error) {
  for (auto& entry : batch) entry.complete(std::unexpected(error));
  batch.clear();
}

// What the newest snapshot says of events that were judged against another one; those that it refuses are answered.
void Batcher::judge_again(Entries& batch) {
  const auto snapshot = wiring_.refresher.current();
  const auto now = wiring_.clock();
  std::erase_if(batch, [&](Entry& entry) {
    auto& submission = *entry.submission;
    if (snapshot->find_project(submission.project) == submission.view) return false;
    const auto judged = judge(submission, *snapshot, now);
    if (!judged) entry.complete(std::unexpected(judged.error()));
    return !judged;
  });
}

std::vector<store::NewEvent> Batcher::to_events(const Entries& batch) const {
  std::vector<store::NewEvent> events;
  events.reserve(batch.size());
  for (const auto& entry : batch) {
    const auto& submission = *entry.submission;
    store::NewEvent event{
        .id = entry.id,
        .project = submission.project,
        .config_version = submission.view->version,
        .content = submission.request.content,
        .endpoint = submission.request.target.endpoint,
        .owner_id = submission.request.target.owner_id,
        .content_hash = submission.request.content_hash,
        .is_pending = submission.is_pending,
        .pending_lane = submission.is_pending ? store::lane_of(entry.id.bytes, wiring_.lane_count) : std::int16_t{0}};
    event.deliveries.reserve(submission.matches.size());
    for (const auto& match : submission.matches) {
      event.deliveries.push_back({.id = store::make_delivery_id(entry.id, entry.id, match.subscription->id),
                                  .subscription = match.subscription->id,
                                  .endpoint = match.endpoint->id,
                                  .lane = store::lane_of(match.endpoint->id.bytes, wiring_.lane_count),
                                  .discard_reason = match::discard_reason(match)});
    }
    events.push_back(std::move(event));
  }
  return events;
}

// Hands the rows of committed events on. Thread-safe: called where the commit's answer came, one turn earlier than the
// producers learn of it.
void Batcher::offer_stored(const std::vector<store::NewEvent>& events, const std::vector<store::IngestAnswer>& answers,
                           TimePoint now) const {
  std::vector<OfferedDelivery> offered;
  offered.reserve(events.size());
  for (std::size_t index = 0; index < events.size(); ++index) {
    if (answers[index].outcome != store::IngestOutcome::stored) continue;
    const auto& event = events[index];
    for (const auto& delivery : event.deliveries) {
      if (!delivery.discard_reason.empty()) continue;
      offered.push_back(make_offer(delivery, event.project, event.id, event.config_version, now, event.content));
    }
  }
  if (!offered.empty()) wiring_.offer(std::move(offered));
}

// Answers what was decided; returns the entries that are still to be decided.
Batcher::Entries Batcher::settle(Entries batch, const std::vector<store::NewEvent>& events,
                                 const std::vector<store::IngestAnswer>& answers, TimePoint now) {
  Entries stale;
  std::vector<std::int16_t> pending;
  std::vector<store::EndpointDue> recalled;
  for (std::size_t index = 0; index < batch.size(); ++index) {
    auto& entry = batch[index];
    const auto& event = events[index];
    switch (answers[index].outcome) {
      case store::IngestOutcome::stored:
        wiring_.metrics.events_stored.Increment();
        wiring_.metrics.deliveries_created.Increment(static_cast<double>(event.deliveries.size()));
        for (const auto& delivery : event.deliveries) {
          if (!delivery.discard_reason.empty()) wiring_.metrics.finished(DeliveryStatus::discarded).Increment();
        }
        if (event.is_pending) pending.push_back(event.pending_lane);
        entry.complete(StoredEvent{event.id, false});
        break;
      case store::IngestOutcome::duplicate:
        wiring_.metrics.events_duplicate.Increment();
        // Often the repetition of one whose commit had an unknown outcome: then its rows were offered to nobody.
        if (now - id_time(answers[index].first_id.bytes) < kRecallWithin) {
          for (const auto& delivery : event.deliveries)
            recalled.push_back({delivery.lane, delivery.endpoint, event.project, now});
        }
        entry.complete(StoredEvent{answers[index].first_id, true});
        break;
      case store::IngestOutcome::conflict:
        entry.complete(fail(Error{Code::conflict, "this idempotency key was used for another event",
                                  "idempotency_conflict", "idempotency_key"}));
        break;
      case store::IngestOutcome::stale:
        stale.push_back(std::move(entry));
        break;
    }
  }
  if (!pending.empty()) wiring_.pending(std::move(pending));
  if (!recalled.empty()) wiring_.recall(std::move(recalled));
  return stale;
}

// One commit of the whole batch. Refused for its data, it is halved until the event at fault stands alone.
Task<Batcher::Entries> Batcher::commit_round(Entries batch) {
  judge_again(batch);
  if (batch.empty()) co_return Entries{};
  const auto now = wiring_.clock();
  auto events = std::make_shared<std::vector<store::NewEvent>>(to_events(batch));
  auto write = [this, events](store::Tx& tx, TimePoint received_at) {
    store::IngestBatch rows{.received_at = received_at, .events = {}};
    for (const auto& event : *events) rows.events.push_back(&event);
    auto committed = store::commit_events(tx, rows);
    if (committed) {
      fault_point(FaultPoint::ingest_after_commit);
      offer_stored(*events, *committed, received_at);
    }
    return committed;
  };
  fault_point(FaultPoint::ingest_before_commit);
  const auto answers = co_await wiring_.db.run(store::TxKind::autocommit, write, now);
  if (answers) co_return settle(std::move(batch), *events, *answers, now);
  wiring_.metrics.database_errors.Increment();
  if (answers.error().reason != "content_refused") {
    spdlog::warn("ingest_commit_failed events={} error={}", batch.size(), answers.error().message);
    answer_all(batch, answers.error());
    co_return Entries{};
  }
  if (batch.size() == 1) {
    spdlog::error("event_refused project={} error={}", to_text(batch.front().submission->project),
                  answers.error().message);
    answer_all(batch, Error{Code::invalid, "the database refused this event's content", "event_refused"});
    co_return Entries{};
  }
  wiring_.metrics.batches_bisected.Increment();
  const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
  Entries right(std::make_move_iterator(middle), std::make_move_iterator(batch.end()));
  batch.erase(middle, batch.end());
  auto stale = co_await commit_round(std::move(batch));
  auto rest = co_await commit_round(std::move(right));
  for (auto& entry : rest) stale.push_back(std::move(entry));
  co_return stale;
}

Task<void> Batcher::commit(Entries batch) {
  constexpr int kRounds = 3;
  const auto now = wiring_.clock();
  for (auto& entry : batch) entry.id = EventId{ids_.next(now)};
  for (int round = 0; round < kRounds && !batch.empty(); ++round) {
    if (round > 0) {
      wiring_.metrics.batches_stale.Increment();
      const auto refreshed = co_await wiring_.refresher.refresh();
      if (!refreshed) {
        answer_all(batch, refreshed.error());
        co_return;
      }
    }
    batch = co_await commit_round(std::move(batch));
  }
  if (!batch.empty()) co_await commit_locked(std::move(batch));
}

// The configuration changes faster than we can match: hold the projects' versions still for one transaction.
Task<void> Batcher::commit_locked(Entries batch) {
  struct Work {
    Entries batch;
    std::vector<Error> refusals;
    std::vector<store::NewEvent> events;
    std::vector<store::IngestAnswer> answers;
  };
  auto work = std::make_shared<Work>();
  work->batch = std::move(batch);
  const auto now = wiring_.clock();
  const auto base = wiring_.refresher.current();
  const auto* refresher = &wiring_.refresher;
  auto write = [this, work, base, now, refresher](store::Tx& tx) -> Result<bool> {
    std::vector<ProjectId> projects;
    for (const auto& entry : work->batch) projects.push_back(entry.submission->project);
    FL_TRY_VOID(store::lock_project_versions(tx, projects));
    FL_TRY(const auto changes, store::read_config_changes(tx, base->version, refresher->sealer()));
    const auto snapshot = match::apply_changes(*base, changes);
    std::erase_if(work->batch, [&](Entry& entry) {
      const auto judged = judge(*entry.submission, *snapshot, now);
      if (!judged) entry.complete(std::unexpected(judged.error()));
      return !judged;
    });
    if (work->batch.empty()) return true;
    work->events = to_events(work->batch);
    store::IngestBatch rows{.received_at = now, .events = {}};
    for (const auto& event : work->events) rows.events.push_back(&event);
    FL_TRY(work->answers, store::commit_events(tx, rows));
    return true;
  };
  fault_point(FaultPoint::ingest_before_commit);
  const auto written = co_await wiring_.db.run(store::TxKind::read_write, write);
  if (!written) {
    answer_all(work->batch, written.error());
    co_return;
  }
  fault_point(FaultPoint::ingest_after_commit);
  offer_stored(work->events, work->answers, now);
  auto rest = settle(std::move(work->batch), work->events, work->answers, now);
  answer_all(rest, Error{Code::unavailable, "the configuration changes too fast; try again", "configuration_busy"});
}

}  // namespace fairlead::ingest
