// A slice of a list that is ordered by id: between two ids, from one end, at most so many rows.
#pragma once

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
};

}  // namespace fairlead::store
