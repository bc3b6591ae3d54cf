// A page of a list whose filter may match rarely. The list is a stream of candidates in the order of their ids, read in
// steps, each wider than the one before, until the page is full, the stream ends, or the time for it is spent: then the
// page says how far it came, and the next one goes on from there. Only files of this room include this header.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <pqxx/result>
#include <string>
#include <vector>

#include "common/core/result.hpp"
#include "common/store/id_range.hpp"
#include "common/store/keyset.hpp"

namespace fairlead::store {

// One step: its candidates lie between the ids, both included; at most so many are looked at, and found.
struct WalkStep {
  IdBytes low, high;
  bool is_descending = true;
  int window = 0;
  int rows_max = 0;
};
struct WalkFound {
  std::vector<IdBytes> ids;
  std::optional<IdBytes> last;  // everything up to it was looked at
  bool is_end = false;          // there is nothing behind it
};

// A step's statement. `candidates`: SQL of (id, is_hit), of which it takes the first $4, and of the hits the first $5.
[[nodiscard]] std::string walk_step_sql(const std::string& candidates, bool is_descending);
[[nodiscard]] WalkFound walk_found(const pqxx::result& rows);

// `step`: a function from a WalkStep to Result<WalkFound>; `window`: how many candidates it looks at first.
template <class Step>
[[nodiscard]] Result<Walk<IdBytes>> walk_ids(const Keyset& keyset, int window, Step step) {
  using Clock = std::chrono::steady_clock;
  constexpr double kWindowMax = 1 << 15;
  Walk<IdBytes> walk;
  WalkStep next{keyset.low, keyset.high, keyset.is_descending, window, keyset.rows_max};
  const auto end = Clock::now() + keyset.patience;
  // The first step may take long because it is planned: that says nothing of the next.
  bool is_first = keyset.rows_max > 1;
  for (;;) {
    const auto begin = Clock::now();
    FL_TRY(const WalkFound found, step(next));
    walk.rows.insert(walk.rows.end(), found.ids.begin(), found.ids.end());
    walk.last = found.is_end ? std::nullopt : found.last;
    const auto& bound = keyset.is_descending ? next.low : next.high;
    if (!walk.last || *walk.last == bound || std::ssize(walk.rows) >= keyset.rows_max) break;
    // As many as the time that is left is good for, as this step went.
    const auto now = Clock::now();
    const auto each = std::chrono::duration<double>(now - begin).count() / next.window;
    const auto affordable = std::chrono::duration<double>(end - now).count() / std::max(each, 1e-9);
    if (affordable < window && !is_first) return walk;
    next.window = std::max(window, static_cast<int>(std::min({affordable, 8.0 * next.window, kWindowMax})));
    is_first = false;
    next.rows_max = keyset.rows_max - static_cast<int>(walk.rows.size());
    (keyset.is_descending ? next.high : next.low) = keyset.is_descending ? id_below(*walk.last) : id_above(*walk.last);
  }
  walk.last.reset();
  return walk;
}

}  // namespace fairlead::store
