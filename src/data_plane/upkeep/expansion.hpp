// Events that were acknowledged before they were matched (broadcasts, very large fan-outs): their deliveries are made
// in chunks, each moving the cursor in the transaction that inserts it.
#pragma once

#include "common/store/ingest.hpp"
#include "data_plane/match/matching.hpp"
#include "data_plane/upkeep/rounds.hpp"

namespace fairlead::upkeep {

class Expansion {
 public:
  Expansion(const boost::asio::any_io_executor& executor, LaneWork work, Offer offer);
  [[nodiscard]] const Serial& strand() const { return rounds_.strand(); }

  // Looks for pending events of this node's lanes when notified, and every second, until stop(). On the strand.
  Task<void> run();
  void notify() { rounds_.notify(); }  // thread-safe
  void stop() { rounds_.stop(); }      // thread-safe

 private:
  Task<Steady::time_point> expand_some();
  Task<bool> expand_chunk(store::PendingEvent pending);  // false: nothing came of it
  struct Chunk {
    std::shared_ptr<const EventContent> content;  // null: the event is gone
    match::MatchResult found;
  };
  Task<Result<Chunk>> match_chunk(store::PendingEvent pending, match::ProjectPtr project);
  Rounds rounds_;
  LaneWork work_;
  Offer offer_;
  ProjectId last_;  // whose turn it was last; zero: the first project is next
};

}  // namespace fairlead::upkeep
