// An endpoint's window of queue rows at its owner. Bounded, and only a hint: the owner's memory is the claim, nothing
// in the database marks a row as taken, so a row that falls out of here is found again by the next fetch.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <unordered_set>

#include "common/domain/breaker.hpp"
#include "common/domain/delivery.hpp"
#include "common/domain/rate_limiter.hpp"
#include "common/store/endpoint_state.hpp"

namespace fairlead::deliver {

struct Item {
  QueueRow row;
  std::shared_ptr<const EventContent> content;
};

struct Mailbox {
  Mailbox(ProjectId in_project, EndpointId of_endpoint, std::int16_t in_lane)
      : project(in_project), endpoint(of_endpoint), lane(in_lane) {}

  ProjectId project;
  EndpointId endpoint;
  std::int16_t lane;
  std::deque<Item> ready;                              // due, in hand, not yet sent
  std::size_t ready_bytes = 0;                         // of their bodies
  std::unordered_set<DeliveryId> in_hand;              // ready, in flight, or answered and not yet recorded
  std::unordered_set<DeliveryId> done_while_fetching;  // a fetch under way may still bring their old rows
  int in_flight = 0;
  std::uint64_t serial = 0;  // tells this mailbox from an earlier one of the same endpoint
  bool is_fetching = false;
  bool was_missed = false;            // rows came that a fetch under way may not have seen, or has left behind
  bool lacked_room = false;           // for some of them, since that fetch was asked for
  bool has_more = false;              // the database has due rows that are not in hand
  bool is_nearly_done = false;        // they came while the last fetch was under way, and the next brings them
  std::optional<TimePoint> next_due;  // the earliest row known to be due later
  Steady::time_point wake_at = Steady::time_point::max();
  bool is_waiting_for_slot = false;
  bool was_paused = false;
  Steady::time_point used_at{};

  Breaker breaker{BreakerPolicy{}};
  std::optional<RateLimiter> limiter;
  int limit_count = 0;  // what the limiter was made for
  std::chrono::seconds limit_window{0};

  // What outlives us: store::EndpointState.
  std::optional<TimePoint> hold_until;
  std::optional<TimePoint> failing_since;
  int disabled_generation = 0;  // endpoints.generation in which it was disabled; 0: it was not
  std::string disabled_reason;
  int warned_percent = 0;                     // of the way to automatic disabling
  std::optional<store::EndpointState> saved;  // as the database has it

  [[nodiscard]] bool is_idle() const {
    return ready.empty() && in_hand.empty() && in_flight == 0 && !is_fetching && !has_more && !next_due;
  }
};

}  // namespace fairlead::deliver
