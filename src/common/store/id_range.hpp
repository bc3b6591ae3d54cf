// The ids of one millisecond: what was made together shares it, so that it is found by a few neighbours of a key's
// index.
#pragma once

#include <array>

#include "common/core/id.hpp"

namespace fairlead::store {

struct IdRange {
  IdBytes low, high;  // both included
};

[[nodiscard]] inline IdRange ids_of_same_time(const IdBytes& id) {
  std::array<std::uint8_t, 10> zeros{}, ones;
  ones.fill(0xff);
  return {make_id_bytes(id_time(id), zeros), make_id_bytes(id_time(id), ones)};
}

// The id behind this one.
[[nodiscard]] inline IdBytes id_above(IdBytes id) {
  for (std::size_t index = id.size(); index-- > 0;) {
    if (++id[index] != 0) break;
  }
  return id;
}

// The id in front of this one.
[[nodiscard]] inline IdBytes id_below(IdBytes id) {
  for (std::size_t index = id.size(); index-- > 0;) {
    if (id[index]-- != 0) break;
  }
  return id;
}

}  // namespace fairlead::store
