#include "common/core/clock.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;

constexpr TimePoint kNoon{sys_days{year{2026} / 1 / 31} + 12h + 34min + 56s};

// Goal: times are written with six digits in UTC. Method: ordinary times and the edges of the calendar.
TEST(ToRfc3339, WritesSixDigits) {
  EXPECT_EQ(to_rfc3339(kNoon), "2026-01-31T12:34:56.000000Z");
  EXPECT_EQ(to_rfc3339(kNoon + 7us), "2026-01-31T12:34:56.000007Z");
  EXPECT_EQ(to_rfc3339(TimePoint{}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(TimePoint{-1us}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(to_rfc3339(TimePoint{sys_days{year{1} / 1 / 1}}), "0001-01-01T00:00:00.000000Z");
  EXPECT_EQ(to_rfc3339(TimePoint{sys_days{year{2024} / 2 / 29}}), "2024-02-29T00:00:00.000000Z");
}

// Goal: RFC 3339 and PostgreSQL's forms are read alike. Method: a table of spellings of known moments.
TEST(ParseTime, ReadsEverySpelling) {
  const std::pair<const char*, TimePoint> cases[] = {
      {"2026-01-31T12:34:56Z", kNoon},
      {"2026-01-31t12:34:56z", kNoon},
      {"2026-01-31 12:34:56+00", kNoon},
      {"2026-01-31 12:34:56", kNoon},
      {"2026-01-31T14:04:56+01:30", kNoon},
      {"2026-01-31T14:04:56+0130", kNoon},
      {"2026-01-31 04:34:56-08", kNoon},
      {"2026-01-31T12:34:56-00:00", kNoon},
      {"2026-01-31T12:34:56.5Z", kNoon + 500ms},
      {"2026-01-31T12:34:56.000007Z", kNoon + 7us},
      {"2026-01-31T12:34:56.123456789Z", kNoon + 123456us},
      {"2026-01-31 12:34:56.120000+00", kNoon + 120ms},
      {"2026-02-01T00:34:56+12:00", kNoon},
      {"2026-01-31T12:34:60Z", kNoon + 4s},
      {"0001-01-01T00:00:00Z", TimePoint{sys_days{year{1} / 1 / 1}}},
      {"9999-12-31T23:59:59.999999Z", TimePoint{sys_days{year{10000} / 1 / 1}} - 1us}};
  for (const auto& [text, time] : cases) {
    ASSERT_TRUE(parse_time(text)) << text;
    EXPECT_EQ(to_rfc3339(*parse_time(text)), to_rfc3339(time)) << text;
  }
}

// Goal: nothing else is a time. Method: wrong shapes and impossible dates.
TEST(ParseTime, RefusesOtherTexts) {
  for (const char* text : {"",
                           "2026",
                           "2026-01-31",
                           "2026-01-31T",
                           "2026-01-31T12:34",
                           "2026-1-31T12:34:56Z",
                           "26-01-31T12:34:56Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-01-31T24:00:00Z",
                           "2026-01-31T12:60:00Z",
                           "2026-01-31T12:34:61Z",
                           "2026-01-31T12:34:56.Z",
                           "2026-01-31T12:34:56ZZ",
                           "2026-01-31T12:34:56 Z",
                           "2026-01-31T12:34:56+",
                           "2026-01-31T12:34:56+1",
                           "2026-01-31T12:34:56+01:",
                           "2026-01-31T12:34:56+01:3",
                           "2026-01-31T12:34:56+24:00",
                           "2026-01-31T12:34:56+01:60",
                           "2026-01-31T12:34:56+01:30:00",
                           "-026-01-31T12:34:56Z",
                           "+026-01-31T12:34:56Z",
                           "0000-12-31T23:59:59Z",
                           "0001-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01",
                           "9999-12-31T23:59:60Z",
                           "2026-01-31X12:34:56Z",
                           " 2026-01-31T12:34:56Z",
                           "2026/01/31T12:34:56Z",
                           "2026-01--1T12:34:56Z",
                           "infinity",
                           "0044-03-15 00:00:00+00 BC"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

// Goal: what we write, we read. Method: times over several centuries with odd microseconds.
TEST(ParseTime, ReadsWhatIsWritten) {
  for (std::int64_t step = -2000; step < 5000; ++step) {
    const TimePoint time{Micros{step * 1'000'003'000'007}};
    EXPECT_EQ(parse_time(to_rfc3339(time)), time);
  }
}

}  // namespace
}  // namespace fairlead
