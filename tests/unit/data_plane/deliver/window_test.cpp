#include "data_plane/deliver/window.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace fairlead::deliver {
namespace {

// What so many mailboxes hold that take whatever they may, in turn, until none may take more.
std::vector<std::size_t> fill(std::size_t all_max, std::size_t mailboxes) {
  std::vector<std::size_t> held(mailboxes, 0);
  std::size_t all = 0;
  for (bool is_growing = true; is_growing;) {
    is_growing = false;
    for (auto& each : held) {
      if (each >= window_of(all_max, all)) continue;
      ++each;
      ++all;
      is_growing = true;
    }
  }
  return held;
}

// Goal: one that fills up alone may take much, many leave room for a newcomer. Method: 1, 10 and 100 that take all they
// may of 32,768; what a newcomer may hold then.
TEST(Window, LeavesRoomForWhoeverComes) {
  for (const std::size_t count : {1U, 10U, 100U}) {
    const auto held = fill(32768, count);
    std::size_t all = 0;
    for (const auto each : held) all += each;
    const auto part = 32768 / (count + 4);
    EXPECT_NEAR(static_cast<double>(held.front()), static_cast<double>(part), 1) << count;
    EXPECT_NEAR(static_cast<double>(held.back()), static_cast<double>(part), 1) << count;
    EXPECT_NEAR(static_cast<double>(window_of(32768, all)), static_cast<double>(part), 1) << count;
  }
}

// Goal: more than everything is held (one large body may always be taken): nothing more, and no wrap-around. Method: at
// and beyond the bound.
TEST(Window, EndsAtTheBound) {
  EXPECT_EQ(window_of(1000, 1000), 0U);
  EXPECT_EQ(window_of(1000, 5000), 0U);
}

}  // namespace
}  // namespace fairlead::deliver
