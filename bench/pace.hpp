// When the next event is to be sent: at once, as fast as answers come (closed loop), or at a fixed rate (open loop).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <optional>

#include "histogram.hpp"

namespace fairlead::bench {

struct PaceOptions {
  double rate = 0;  // events a second; 0: closed loop
  double seconds = 10;
  std::uint64_t count_max = 0;  // 0: no bound but the time
  std::size_t backlog_max = 65'536;
};

struct Ticket {
  std::uint32_t sequence = 0;
  // When the driver was due to send: what a latency counts from. It does not move while all connections are busy, so a
  // slow server cannot hide behind its own slowness. 0: the moment it is written.
  std::int64_t due_ns = 0;
};

// Used from one thread.
class Pace {
 public:
  Pace(boost::asio::io_context& context, PaceOptions options);
  // Open loop: gives out tickets until time or count is used up. Returns at once in a closed loop.
  boost::asio::awaitable<void> run();
  // The next ticket, waiting until it is due; nothing once the load is over.
  boost::asio::awaitable<std::optional<Ticket>> next();
  void stop();

  [[nodiscard]] const Histogram& lateness() const { return lateness_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  [[nodiscard]] bool is_over(std::int64_t now) const;

  PaceOptions options_;
  std::int64_t begin_ns_;
  std::int64_t end_ns_;
  std::uint32_t next_sequence_ = 0;
  bool is_stopped_ = false;
  Histogram lateness_;  // how late the timer woke, against the schedule: the driver's own error
  std::uint64_t dropped_ = 0;
  boost::asio::steady_timer timer_;
  boost::asio::experimental::channel<void(boost::system::error_code, Ticket)> due_;
};

}  // namespace fairlead::bench
