// Results on their way into the database: batched, retried while the database is away, never lost while the process
// lives.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "common/net/serial.hpp"
#include "common/ops/task.hpp"
#include "common/store/results.hpp"
#include "data_plane/flow.hpp"
#include "data_plane/metrics.hpp"

namespace fairlead::deliver {

namespace limits {
inline constexpr std::size_t result_batch_max = 256;
inline constexpr std::size_t result_batch_bytes_max = 8 * 1024 * 1024;
inline constexpr std::chrono::milliseconds result_linger{5};
inline constexpr std::size_t unrecorded_max = 4096;
}  // namespace limits

// Lives on the dispatcher's strand.
class Recorder {
 public:
  // Called on the strand for each result of a finished batch; false: somebody else had recorded it.
  using Recorded = std::function<void(const store::DeliveryResult&, bool)>;
  Recorder(Serial strand, store::Db& db, Metrics& metrics, DatabaseClock clock, Recorded recorded);

  void add(store::DeliveryResult result);
  [[nodiscard]] std::size_t unrecorded() const { return waiting_.size() + in_batch_; }
  [[nodiscard]] bool is_full() const { return unrecorded() >= limits::unrecorded_max; }
  // Until stop(), and then until nothing is waiting.
  Task<void> run();
  void stop();

 private:
  using Batch = std::shared_ptr<std::vector<store::DeliveryResult>>;
  Task<void> record(Batch batch);
  Task<Result<std::vector<DeliveryId>>> write(Batch batch);
  Batch take_batch();
  void finish(const Batch& batch, const std::vector<DeliveryId>& recorded);
  Serial strand_;
  store::Db& db_;
  Metrics& metrics_;
  DatabaseClock clock_;
  Recorded recorded_;
  std::deque<store::DeliveryResult> waiting_;
  std::size_t in_batch_ = 0;
  bool is_stopping_ = false;
  boost::asio::steady_timer wake_;
};

}  // namespace fairlead::deliver
