// This node's place among the others: its lease, and which lanes are its own. What happens to a lane's mailboxes is the
// Crew's business.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/net/serial.hpp"
#include "common/ops/task.hpp"
#include "common/store/nodes.hpp"
#include "data_plane/metrics.hpp"

namespace fairlead::lanes {

// How ownership drives delivery; every call on the strand.
struct Crew {
  std::function<void(Steady::time_point)> set_lease;
  std::function<Task<void>(std::vector<store::TakenLane>)> open;
  std::function<Task<void>(std::vector<std::int16_t>, std::chrono::milliseconds)> close;
  std::function<void()> forget_all;
  std::function<std::vector<std::int16_t>()> owned;
  std::function<void(Micros)> clock_offset;  // database minus local, from each renewal
};

class Ownership {
 public:
  using Strand = Serial;
  // `db` serves the lease alone, so that a renewal never waits behind other work.
  Ownership(Strand strand, store::Db& db, Metrics& metrics, std::string node_name, int lane_count, Crew crew);

  // Joins, renews, takes and releases lanes until drained. On the strand.
  Task<void> run();
  // Gives all lanes up after what is in flight has ended (at most `patience`), and leaves. On the strand.
  Task<void> drain(std::chrono::milliseconds patience);
  [[nodiscard]] bool is_joined() const { return is_joined_; }  // thread-safe
  [[nodiscard]] const NodeId& node() const { return node_.id; }

 private:
  Task<void> join();
  Task<void> renew();
  Task<void> balance(store::Renewal renewal);
  Task<void> release(std::vector<std::int16_t> surplus);
  Task<void> renew_while_draining();
  Task<void> watch_lease();
  void lose(const char* why);
  Strand strand_;
  store::Db& db_;
  Metrics& metrics_;
  int lane_count_;
  Crew crew_;
  store::NodeIdentity node_;
  bool has_joined_before_ = false;
  std::atomic<bool> is_joined_ = false;
  bool is_draining_ = false, is_done_ = false, is_renewing_ = false, is_releasing_ = false;
  Steady::time_point lease_until_{};
  boost::asio::steady_timer tick_, watch_, renewed_;
};

}  // namespace fairlead::lanes
