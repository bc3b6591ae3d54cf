#include "data_plane/metrics.hpp"

#include <gtest/gtest.h>

#include <set>

namespace fairlead {
namespace {

// Goal: every failure class that an attempt can end with is counted, under its own name. Method: one of each, the
// counters told apart.
TEST(Metrics, CountEveryFailureClass) {
  Metrics metrics;
  std::set<prometheus::Counter*> counters;
  for (int number = 0; number <= static_cast<int>(net::FailureClass::internal); ++number) {
    const auto failure = static_cast<net::FailureClass>(number);
    auto& counter = metrics.attempts(failure);
    counter.Increment();
    counters.insert(&counter);
    EXPECT_NE(metrics.render().find("failure=\"" + std::string(net::to_text(failure)) + "\"} 1"), std::string::npos)
        << net::to_text(failure);
    EXPECT_EQ(net::failure_class_from(net::to_text(failure)), failure);
  }
  EXPECT_EQ(counters.size(), static_cast<std::size_t>(net::FailureClass::internal) + 1);
}

}  // namespace
}  // namespace fairlead
