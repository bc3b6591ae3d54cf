// The frame of work after the answer: rounds on a strand of its own, and what all of it needs.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <vector>

#include "common/core/clock.hpp"
#include "common/net/serial.hpp"
#include "common/ops/task.hpp"
#include "data_plane/flow.hpp"
#include "data_plane/match/refresh.hpp"
#include "data_plane/metrics.hpp"

namespace fairlead::upkeep {

// For what owners of lanes do: its connections are its own, so that long matching holds up nothing else.
struct LaneWork {
  store::Db& db;
  match::Refresher& refresher;
  Metrics& metrics;
  DatabaseClock clock;
  int lane_count = 0;
  std::function<Task<std::vector<std::int16_t>>()> owned_lanes;
  Recall recall;
};

// Comes round when notified, and when the round before said, until stop().
class Rounds {
 public:
  explicit Rounds(const boost::asio::any_io_executor& executor) : strand_(make_serial(executor)), wake_(strand_) {}

  [[nodiscard]] const Serial& strand() const { return strand_; }
  void notify() {  // thread-safe
    boost::asio::post(strand_, [this] {
      is_notified_ = true;
      wake_.cancel();
    });
  }
  void stop() {  // thread-safe
    boost::asio::post(strand_, [this] {
      is_stopping_ = true;
      wake_.cancel();
    });
  }

  // The rest on the strand. `round` answers when to come next, if nobody notifies before.
  using Round = std::function<Task<Steady::time_point>()>;
  Task<void> run(Round round) {
    for (auto next = Steady::now(); !is_stopping_; next = co_await round()) {
      if (!std::exchange(is_notified_, false) && next > Steady::now()) {
        wake_.expires_at(next);
        co_await wake_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        is_notified_ = false;
      }
      if (is_stopping_) co_return;
    }
  }
  [[nodiscard]] bool is_stopping() const { return is_stopping_; }

 private:
  Serial strand_;
  boost::asio::steady_timer wake_;
  bool is_stopping_ = false, is_notified_ = false;
};

}  // namespace fairlead::upkeep
