// When the next event is to be sent: at once, as fast as answers come (closed loop), or at a fixed rate (open loop).
#pragma once

#include <cstdint>
#include <deque>
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
  // slow server cannot hide behind its own slowness.
  std::int64_t due_ns = 0;
};

// Reads no clock: the time is passed in.
class Pace {
 public:
  Pace(PaceOptions options, std::int64_t begin_ns);
  // The next ticket, or nothing: not yet, or no more.
  [[nodiscard]] std::optional<Ticket> take(std::int64_t now);
  // Open loop: puts aside what has become due, so that its waiting counts; events that find no room are dropped.
  void advance(std::int64_t now);
  // When advance() has something to do again; INT64_MAX in a closed loop and at the end.
  [[nodiscard]] std::int64_t wake_ns() const;
  // Whether take() will never give another ticket.
  [[nodiscard]] bool is_over(std::int64_t now) const;
  void stop() { is_stopped_ = true; }

  [[nodiscard]] const Histogram& lateness() const { return lateness_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  [[nodiscard]] bool has_ended(std::int64_t at) const;
  [[nodiscard]] std::int64_t due_ns() const;  // of the turn to come

  PaceOptions options_;
  std::int64_t begin_ns_;
  std::int64_t end_ns_;
  std::uint64_t turn_ = 0;
  std::uint32_t next_sequence_ = 0;
  bool is_stopped_ = false;
  std::deque<Ticket> waiting_;
  Histogram lateness_;  // how late the driver woke, against the schedule: its own error
  std::uint64_t dropped_ = 0;
};

}  // namespace fairlead::bench
