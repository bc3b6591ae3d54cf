#include "control_plane/http/go_duration.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

using namespace std::chrono_literals;

// Goal: every unit and their sums are read exactly. Method: what Go prints and accepts.
TEST(GoDuration, Parses) {
  EXPECT_EQ(parse_go_duration("10s"), 10s);
  EXPECT_EQ(parse_go_duration("1m0s"), 60s);
  EXPECT_EQ(parse_go_duration("1h2m3s"), 3723s);
  EXPECT_EQ(parse_go_duration("1.5h"), 5400s);
  EXPECT_EQ(parse_go_duration("300ms"), 300ms);
  EXPECT_EQ(parse_go_duration("2us"), 2us);
  EXPECT_EQ(parse_go_duration("7ns"), 7ns);
  EXPECT_EQ(parse_go_duration("+1s"), 1s);
  EXPECT_EQ(parse_go_duration("0"), 0s);
  EXPECT_EQ(parse_go_duration(".5s"), 500ms);
}

// Goal: everything else is refused, without overflow. Method: missing units, signs, blanks, huge numbers.
TEST(GoDuration, Refuses) {
  for (const char* text : {"", "10", "s", "-1s", "1 s", "1d", "1.2.3s", "10s ", "9999999999999h",
                           "99999999999999999999999999999s", "1h-2m"}) {
    EXPECT_EQ(parse_go_duration(text), std::nullopt) << text;
  }
}

// Goal: whole seconds print as Go prints them. Method: the forms of the wire contract.
TEST(GoDuration, Prints) {
  EXPECT_EQ(to_go_duration(0s), "0s");
  EXPECT_EQ(to_go_duration(15s), "15s");
  EXPECT_EQ(to_go_duration(60s), "1m0s");
  EXPECT_EQ(to_go_duration(3600s), "1h0m0s");
  EXPECT_EQ(to_go_duration(3723s), "1h2m3s");
}

}  // namespace
}  // namespace fairlead::control
