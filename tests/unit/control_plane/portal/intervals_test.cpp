#include "control_plane/portal/intervals.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

TimePoint time_of(const char* text) { return parse_time(text).value(); }

std::vector<std::string> dates_of(std::string_view period, const char* start, const char* end) {
  std::vector<std::string> dates;
  TimePoint last = time_of(start);
  for (const auto& each : make_intervals(period, time_of(start), time_of(end)).value()) {
    EXPECT_EQ(each.start, last) << "no gap, no overlap";
    EXPECT_LT(each.start, each.end);
    last = each.end;
    dates.push_back(each.date);
  }
  EXPECT_EQ(last, time_of(end));
  return dates;
}

// Goal: intervals cover the range once, and begin at the calendar's borders. Method: each period over its borders, the
// ends within intervals.
TEST(Intervals, CoverTheRange) {
  using Dates = std::vector<std::string>;
  EXPECT_EQ(dates_of("daily", "2026-02-27T10:00:00Z", "2026-03-01T00:00:01Z"),
            (Dates{"2026-02-27", "2026-02-28", "2026-03-01"}));
  EXPECT_EQ(dates_of("weekly", "2026-11-25T00:00:00Z", "2026-12-01T00:00:00Z"), (Dates{"2026-11-23", "2026-11-30"}));
  EXPECT_EQ(dates_of("weekly", "2026-11-30T00:00:00Z", "2026-12-07T00:00:00Z"), (Dates{"2026-11-30"}));
  EXPECT_EQ(dates_of("monthly", "2026-12-31T23:59:59Z", "2027-02-01T00:00:00Z"), (Dates{"2026-12-01", "2027-01-01"}));
  EXPECT_EQ(dates_of("yearly", "2026-05-05T00:00:00Z", "2027-01-01T00:00:01Z"), (Dates{"2026-01-01", "2027-01-01"}));
}

// Goal: what is asked is bounded and named. Method: an unknown period, 100 days and one more.
TEST(Intervals, AreBounded) {
  const auto start = time_of("2026-01-01T00:00:00Z");
  EXPECT_EQ(make_intervals("hourly", start, start).error().reason, "invalid_period");
  EXPECT_EQ(make_intervals("daily", start, start + std::chrono::days(100))->size(), 100U);
  EXPECT_EQ(make_intervals("daily", start, start + std::chrono::days(101)).error().reason, "invalid_range");
}

}  // namespace
}  // namespace fairlead::control
