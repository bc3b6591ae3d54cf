// Keeps the snapshot current: on demand (single flight) and by a steady look at the configuration's version.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <mutex>
#include <optional>

#include "common/crypto/seal.hpp"
#include "common/net/serial.hpp"
#include "common/ops/task.hpp"
#include "common/store/db.hpp"
#include "data_plane/match/snapshot.hpp"

namespace fairlead::match {

class Refresher {
 public:
  // `db` serves nothing else, so that a refresh never waits behind other work. `changed` is called after each new
  // snapshot, with the endpoints that it changed, on no particular thread.
  using Changed = std::function<void(std::vector<EndpointId>)>;
  Refresher(boost::asio::any_io_executor executor, store::Db& db, const crypto::Sealer& sealer, Changed changed);

  // Never null; version 0 before the first refresh. Thread-safe, cheap.
  [[nodiscard]] SnapshotPtr current() const;
  // Returns once the snapshot holds everything that was committed before the call. Callers at the same time share one
  // read. Code::unavailable if the database is away. From any executor.
  [[nodiscard]] Task<Result<void>> refresh();
  // Puts a snapshot in place that was read by other means, if it is newer.
  void install(SnapshotPtr next, std::vector<EndpointId> changed);
  // Looks at the version every `period`, until stop(). From any executor.
  Task<void> run(std::chrono::milliseconds period);
  void stop();
  [[nodiscard]] const crypto::Sealer& sealer() const { return sealer_; }

 private:
  Task<Result<void>> refresh_on_strand();
  Task<Result<void>> read_once();
  Task<void> run_on_strand(std::chrono::milliseconds period);
  Serial strand_;
  store::Db& db_;
  const crypto::Sealer& sealer_;
  Changed changed_;
  mutable std::mutex mutex_;  // guards current_ only
  SnapshotPtr current_ = std::make_shared<const Snapshot>();
  // On the strand: a caller's ticket is served by a read that began after the ticket was drawn.
  std::uint64_t wanted_ = 0, served_ = 0;
  bool is_reading_ = false, is_stopping_ = false;
  std::optional<Error> failure_;
  boost::asio::steady_timer wake_, pause_;
};

}  // namespace fairlead::match
