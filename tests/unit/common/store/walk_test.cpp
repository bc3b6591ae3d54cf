#include "common/store/walk.hpp"

#include <gtest/gtest.h>

namespace fairlead::store {
namespace {

using std::chrono::milliseconds;

IdBytes id_of(int number) {
  IdBytes bytes{};
  bytes[14] = static_cast<std::uint8_t>(number / 256);
  bytes[15] = static_cast<std::uint8_t>(number % 256);
  return bytes;
}
int number_of(const IdBytes& id) { return id[14] * 256 + id[15]; }

// The candidates 1..count, of which those that `stride` divides are hits; `steps` counts how often it was asked.
struct Sparse {
  int count, stride;
  std::vector<WalkStep>& steps;
  Result<WalkFound> operator()(const WalkStep& step) const {
    steps.push_back(step);
    WalkFound found{.is_end = true};
    int seen = 0;
    for (int place = 1; place <= count; ++place) {
      const int number = step.is_descending ? count + 1 - place : place;
      const auto id = id_of(number);
      if (id < step.low || step.high < id) continue;
      found.last = id;
      if (number % stride == 0 && std::ssize(found.ids) < step.rows_max) found.ids.push_back(id);
      if (++seen == step.window) {
        found.is_end = false;
        break;
      }
    }
    return found;
  }
};

// Goal: with time enough, all hits are found in order, in steps that grow, and nothing is left to look at.
// Method: 20,000 candidates in both directions, of which 20 are hits.
TEST(Walk, FindsTheFewAmongTheMany) {
  for (const bool is_descending : {true, false}) {
    std::vector<WalkStep> steps;
    const Keyset keyset{.is_descending = is_descending, .rows_max = 30, .patience = milliseconds(60'000)};
    const auto walk = walk_ids(keyset, 100, Sparse{20'000, 1'000, steps}).value();
    ASSERT_EQ(walk.rows.size(), 20U);
    for (int place = 0; place < 20; ++place)
      EXPECT_EQ(number_of(walk.rows[static_cast<std::size_t>(place)]),
                is_descending ? 20'000 - 1'000 * place : 1'000 + 1'000 * place);
    EXPECT_FALSE(walk.last);
    EXPECT_LE(steps.size(), 5U);
    EXPECT_EQ(steps[1].window, 800);
  }
}

// Goal: a full page says nothing of an end, and looks no further. Method: every candidate is a hit.
TEST(Walk, StopsWhenThePageIsFull) {
  std::vector<WalkStep> steps;
  const auto walk = walk_ids({.rows_max = 21, .patience = milliseconds(60'000)}, 64, Sparse{1'000, 1, steps}).value();
  EXPECT_EQ(walk.rows.size(), 21U);
  EXPECT_FALSE(walk.last);
  EXPECT_EQ(steps.size(), 1U);
}

// Goal: without time, two steps are made all the same, and walks that go on from where one stopped find every hit once.
// Method: no patience, 5,000 candidates, 100 at a step.
TEST(Walk, GoesOnWhereItStopped) {
  std::vector<WalkStep> steps;
  Keyset keyset{.rows_max = 21, .patience = milliseconds(0)};
  std::vector<int> found;
  int walks = 0;
  for (;; ++walks) {
    ASSERT_LT(walks, 100);
    const auto walk = walk_ids(keyset, 100, Sparse{5'000, 77, steps}).value();
    for (const auto& id : walk.rows) found.push_back(number_of(id));
    if (!walk.last) break;
    keyset.high = id_below(*walk.last);
  }
  EXPECT_EQ(walks, 25);
  ASSERT_EQ(found.size(), 5'000U / 77);
  for (std::size_t place = 0; place < found.size(); ++place)
    EXPECT_EQ(found[place], 4'928 - 77 * static_cast<int>(place));
}

// Goal: a step that fails ends the walk with its error. Method: one that does.
TEST(Walk, FailsWithItsStep) {
  const auto walk = walk_ids({}, 10, [](const WalkStep&) -> Result<WalkFound> {
    return fail(Error{Code::unavailable, "busy", "database_busy"});
  });
  ASSERT_FALSE(walk);
  EXPECT_EQ(walk.error().reason, "database_busy");
}

}  // namespace
}  // namespace fairlead::store
