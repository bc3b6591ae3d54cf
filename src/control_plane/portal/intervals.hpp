// The intervals that a dashboard counts by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/core/clock.hpp"
#include "common/core/result.hpp"

namespace fairlead::control {

struct Interval {
  TimePoint start;   // included
  TimePoint end;     // not included
  std::string date;  // of the period's first day, also where `start` lies later in it
};

inline constexpr std::size_t intervals_max = 100;

// Days, weeks from Monday, months or years, in UTC, that [start, end) touches. Code::invalid "invalid_period" unless
// `period` is daily, weekly, monthly or yearly, "invalid_range" if there are more than intervals_max.
[[nodiscard]] Result<std::vector<Interval>> make_intervals(std::string_view period, TimePoint start, TimePoint end);

}  // namespace fairlead::control
