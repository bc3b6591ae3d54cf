#include "common/core/clock.hpp"

#include <charconv>
#include <cstdio>

namespace fairlead {
namespace {

// The moments of years with four digits, in UTC: PostgreSQL has no year 0, and to_rfc3339 no fifth digit.
constexpr TimePoint kFirst{std::chrono::sys_days{std::chrono::year{1} / 1 / 1}};
constexpr TimePoint kBeyond{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}};

bool read_digits(std::string_view& text, std::size_t count, int& value) {
  if (text.size() < count) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
  if (error != std::errc{} || end != text.data() + count || text.front() == '-') return false;
  text.remove_prefix(count);
  return true;
}

bool read_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string to_rfc3339(TimePoint time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

std::optional<TimePoint> parse_time(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!read_digits(text, 4, year) || !read_char(text, "-") || !read_digits(text, 2, month) || !read_char(text, "-") ||
      !read_digits(text, 2, day) || !read_char(text, "Tt ") || !read_digits(text, 2, hour) || !read_char(text, ":") ||
      !read_digits(text, 2, minute) || !read_char(text, ":") || !read_digits(text, 2, second)) {
    return std::nullopt;
  }
  long micros = 0;
  if (read_char(text, ".")) {
    long scale = 100000;
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      micros += (text.front() - '0') * scale;
      scale /= 10;
      text.remove_prefix(1);
    }
  }
  int zone_hour = 0, zone_minute = 0, sign = 1;
  if (!read_char(text, "Zz") && !text.empty()) {
    if (text.front() == '-') sign = -1;
    if (!read_char(text, "+-") || !read_digits(text, 2, zone_hour)) return std::nullopt;
    const bool has_minutes = read_char(text, ":") || !text.empty();
    if (has_minutes && !read_digits(text, 2, zone_minute)) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60 || zone_hour > 23 || zone_minute > 59) return std::nullopt;
  const auto time = TimePoint{sys_days{date}} + hours{hour} + minutes{minute} + seconds{second} + Micros{micros} -
                    sign * (hours{zone_hour} + minutes{zone_minute});
  if (time < kFirst || time >= kBeyond) return std::nullopt;
  return time;
}

}  // namespace fairlead
