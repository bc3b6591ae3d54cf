#include "data_plane/deliver/recorder.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unordered_set>

#include "common/ops/fault_point.hpp"
#include "common/store/ingest.hpp"

namespace fairlead::deliver {
namespace asio = boost::asio;
namespace {
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr const char* kUnstorable = "internal";

// What projects want to be told of those results that were recorded.
std::vector<store::NewMetaEvent> told_of(const std::vector<store::DeliveryResult>& results,
                                         const std::vector<DeliveryId>& recorded) {
  const std::unordered_set<DeliveryId> ids(recorded.begin(), recorded.end());
  std::vector<store::NewMetaEvent> told;
  for (const auto& result : results) {
    if (result.meta_event && ids.contains(result.row.delivery)) told.push_back(*result.meta_event);
  }
  return told;
}
}  // namespace

Recorder::Recorder(Serial strand, store::Db& db, Metrics& metrics, DatabaseClock clock, Recorded recorded)
    : strand_(strand),
      db_(db),
      metrics_(metrics),
      clock_(std::move(clock)),
      recorded_(std::move(recorded)),
      wake_(strand) {}

void Recorder::add(store::DeliveryResult result) {
  waiting_.push_back(std::move(result));
  metrics_.results_unrecorded.Set(static_cast<double>(unrecorded()));
  if (waiting_.size() == 1 || waiting_.size() == limits::result_batch_max) wake_.cancel();
}

void Recorder::stop() {
  is_stopping_ = true;
  wake_.cancel();
}

Recorder::Batch Recorder::take_batch() {
  auto batch = std::make_shared<std::vector<store::DeliveryResult>>();
  batch->reserve(std::min(waiting_.size(), limits::result_batch_max));
  std::size_t bytes = 0;
  while (!waiting_.empty() && batch->size() < limits::result_batch_max && bytes < limits::result_batch_bytes_max) {
    bytes += waiting_.front().attempt ? waiting_.front().attempt->response_body.size() + 1024 : 256;
    batch->push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return batch;
}

Task<void> Recorder::run() {
  for (;;) {
    while (waiting_.empty()) {
      if (is_stopping_) co_return;
      wake_.expires_at(Steady::time_point::max());
      co_await wake_.async_wait(use_tuple);
    }
    if (waiting_.size() < limits::result_batch_max && !is_stopping_) {
      wake_.expires_after(limits::result_linger);
      co_await wake_.async_wait(use_tuple);
    }
    auto batch = take_batch();
    in_batch_ = batch->size();
    co_await record(batch);
    in_batch_ = 0;
    metrics_.results_unrecorded.Set(static_cast<double>(unrecorded()));
  }
}

Task<Result<std::vector<DeliveryId>>> Recorder::write(Batch batch) {
  bool is_one_day = true, tells = false;
  for (const auto& result : *batch) {
    tells = tells || result.meta_event != nullptr;
    is_one_day = is_one_day && store::partition_day(result.row.delivery.bytes) ==
                                   store::partition_day(batch->front().row.delivery.bytes);
  }
  auto work = [batch, tells](store::Tx& tx, TimePoint now) -> Result<std::vector<DeliveryId>> {
    auto recorded = store::record_results(tx, *batch, now);
    if (recorded && tells) FL_TRY_VOID(store::insert_meta_events(tx, told_of(*batch, *recorded), now));
    return recorded;
  };
  co_return co_await db_.run(is_one_day && !tells ? store::TxKind::autocommit : store::TxKind::read_write, work,
                             clock_());
}

void Recorder::finish(const Batch& batch, const std::vector<DeliveryId>& recorded) {
  const std::unordered_set<DeliveryId> ids(recorded.begin(), recorded.end());
  for (const auto& result : *batch) recorded_(result, ids.contains(result.row.delivery));
}

// A batch whose outcome is unknown is simply written again: what had been committed refuses the second time.
Task<void> Recorder::record(Batch batch) {
  std::chrono::milliseconds pause{50};
  for (;;) {
    fault_point(FaultPoint::result_before_record);
    const auto recorded = co_await write(batch);
    if (recorded) {
      fault_point(FaultPoint::result_after_record);
      finish(batch, *recorded);
      co_return;
    }
    metrics_.database_errors.Increment();
    spdlog::warn("record_failed results={} error={}", batch->size(), recorded.error().message);
    if (recorded.error().reason == "content_refused") break;
    asio::steady_timer timer(strand_, pause);
    co_await timer.async_wait(use_tuple);
    pause = std::min(pause * 2, std::chrono::milliseconds(2000));
  }
  // Refused for its data: halve it until the result at fault stands alone, and record that one without the stranger's
  // words.
  if (batch->size() > 1) {
    const auto middle = batch->begin() + static_cast<std::ptrdiff_t>(batch->size() / 2);
    co_await record(std::make_shared<std::vector<store::DeliveryResult>>(batch->begin(), middle));
    co_await record(std::make_shared<std::vector<store::DeliveryResult>>(middle, batch->end()));
    co_return;
  }
  auto& attempt = batch->front().attempt;
  if (!attempt) {
    spdlog::error("result_refused delivery={}", to_text(batch->front().row.delivery));
    finish(batch, {});
    co_return;
  }
  if (attempt->failure == kUnstorable) {
    attempt.reset();
  } else {
    attempt->response_body.clear();
    attempt->response_headers.clear();
    attempt->reason_phrase.clear();
    attempt->error = "the answer could not be stored";
    attempt->failure = kUnstorable;
  }
  co_await record(batch);
}

}  // namespace fairlead::deliver
