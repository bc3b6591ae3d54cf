// A slice of a list that is ordered by id: between two ids, from one end, at most so many rows.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "common/core/id.hpp"

namespace fairlead::store {

inline constexpr IdBytes id_lowest{};
inline constexpr IdBytes id_highest{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

struct Keyset {
  IdBytes low = id_lowest;  // both inclusive
  IdBytes high = id_highest;
  bool is_descending = true;
  int rows_max = 20;
  // How long to look where a filter matches rarely (walk.hpp).
  std::chrono::milliseconds patience{20};
};

// What was found of a slice, in its order.
template <class Row>
struct Walk {
  std::vector<Row> rows;
  std::optional<IdBytes> last;  // everything up to it was looked at; none: everything was, or there are rows_max
};

}  // namespace fairlead::store
