// How much of what all mailboxes may hold together one of them may hold.
#pragma once

#include <algorithm>
#include <cstddef>

namespace fairlead::deliver {

// A quarter of what is left. So one that fills up alone ends at a fifth of everything, and n of them at 1/(n + 4) each,
// with four such parts left for whoever comes: endpoints that hang take the room from each other, not from the rest.
[[nodiscard]] constexpr std::size_t window_of(std::size_t all_max, std::size_t held) {
  return (all_max - std::min(all_max, held)) / 4;
}

}  // namespace fairlead::deliver
