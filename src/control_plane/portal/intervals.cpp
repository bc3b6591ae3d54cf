#include "control_plane/portal/intervals.hpp"

#include <algorithm>

namespace fairlead::control {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year_month_day;
using std::chrono::years;

sys_days first_day(std::string_view period, sys_days any) {
  if (period == "weekly") return any - (std::chrono::weekday(any) - std::chrono::Monday);
  const year_month_day date(any);
  if (period == "monthly") return date.year() / date.month() / day(1);
  if (period == "yearly") return date.year() / std::chrono::January / day(1);
  return any;
}

sys_days next_first_day(std::string_view period, sys_days first) {
  if (period == "weekly") return first + days(7);
  if (period == "monthly") return year_month_day(first) + months(1);
  if (period == "yearly") return year_month_day(first) + years(1);
  return first + days(1);
}

}  // namespace

Result<std::vector<Interval>> make_intervals(std::string_view period, TimePoint start, TimePoint end) {
  if (period != "daily" && period != "weekly" && period != "monthly" && period != "yearly")
    return bad_field("type", "invalid_period", "type: expected daily, weekly, monthly or yearly");
  std::vector<Interval> intervals;
  auto first = first_day(period, std::chrono::floor<days>(start));
  while (TimePoint(first) < end) {
    if (intervals.size() == intervals_max) {
      return bad_field("startDate", "invalid_range",
                       "startDate: more than " + std::to_string(intervals_max) + " intervals to endDate");
    }
    const auto next = next_first_day(period, first);
    intervals.push_back({std::max(start, TimePoint(first)), std::min(end, TimePoint(next)),
                         to_rfc3339(TimePoint(first)).substr(0, 10)});
    first = next;
  }
  return intervals;
}

}  // namespace fairlead::control
