// The group commit: whatever queued up while the last batch was committing goes into the next one (no linger).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "common/core/id.hpp"
#include "common/net/serial.hpp"
#include "common/ops/task.hpp"
#include "common/store/ingest.hpp"
#include "data_plane/flow.hpp"
#include "data_plane/ingest/accept.hpp"
#include "data_plane/match/refresh.hpp"
#include "data_plane/metrics.hpp"

namespace fairlead::ingest {

namespace limits {
inline constexpr std::size_t batch_events_max = 128;
inline constexpr std::size_t batch_bytes_max = 4 * 1024 * 1024;
inline constexpr std::size_t batch_deliveries_max = 4096;
inline constexpr std::size_t queue_events_max = 8192;
inline constexpr std::size_t queue_bytes_max = 64 * 1024 * 1024;
}  // namespace limits

struct StoredEvent {
  EventId id;
  bool is_duplicate = false;
};

class Batcher {
 public:
  struct Wiring {
    store::Db& db;  // one connection a committer; joined before the batcher goes
    match::Refresher& refresher;
    Metrics& metrics;
    DatabaseClock clock;
    int lane_count = 0;
    Offer offer;                                             // committed rows
    std::function<void(std::vector<std::int16_t>)> pending;  // lanes that got events to expand
    Recall recall;                                           // endpoints with rows that nobody may have been offered
  };
  Batcher(boost::asio::any_io_executor executor, Wiring wiring);

  // Answers after the commit. Code::conflict: the idempotency key stands for another content; unavailable: the queue
  // (or the project's half of it) is full, or the database is away and the outcome unknown; else what judge() says of
  // the newest configuration.
  [[nodiscard]] Task<Result<StoredEvent>> submit(std::shared_ptr<Submission> submission);
  // Commits until stop() and then until nothing is queued.
  Task<void> run(int committers);
  void stop();
  using Strand = Serial;
  [[nodiscard]] const Strand& strand() const { return strand_; }

 private:
  using Complete = std::move_only_function<void(Result<StoredEvent>)>;
  struct Entry {
    std::shared_ptr<Submission> submission;
    Complete complete;
    EventId id;  // those of a batch are made at one time, so that one day's partitions hold them all
  };
  using Entries = std::vector<Entry>;

  void enqueue(Entry entry);
  Entries take_batch();
  Task<void> commit_loop();
  Task<void> commit(Entries batch);
  Task<Entries> commit_round(Entries batch);
  Task<void> commit_locked(Entries batch);
  void judge_again(Entries& batch);
  void answer_all(Entries& batch, const Error& error);
  void offer_stored(const std::vector<store::NewEvent>& events, const std::vector<store::IngestAnswer>& answers,
                    TimePoint now) const;
  Entries settle(Entries batch, const std::vector<store::NewEvent>& events,
                 const std::vector<store::IngestAnswer>& answers, TimePoint now);
  [[nodiscard]] std::vector<store::NewEvent> to_events(const Entries& batch) const;

  Strand strand_;
  Wiring wiring_;
  IdMaker ids_;
  struct ProjectQueue {
    std::deque<Entry> entries;
    std::size_t bytes = 0;
  };
  std::map<ProjectId, ProjectQueue> queues_;
  ProjectId last_served_;
  std::size_t queued_ = 0, queued_bytes_ = 0;
  bool is_stopping_ = false;
  boost::asio::steady_timer wake_;
};

}  // namespace fairlead::ingest
