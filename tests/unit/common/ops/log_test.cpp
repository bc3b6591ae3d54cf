#include "common/ops/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace fairlead {
namespace {

// Goal: no text of a stranger steers a terminal or breaks a line. Method: a table of text and what is shown.
TEST(ToLogText, EscapesWhatActs) {
  const std::pair<std::string, std::string> cases[] = {{"", ""},
                                                       {"event_accepted id=1", "event_accepted id=1"},
                                                       {"a\"b\\c", R"(a\"b\\c)"},
                                                       {"a\nb\r\tc", R"(a\u000ab\u000d\u0009c)"},
                                                       {std::string("\0", 1), R"(\u0000)"},
                                                       {"\x1b[31mred\x7f", R"(\u001b[31mred\u007f)"},
                                                       {"\xc2\x9b"
                                                        "31m",
                                                        R"(\u009b31m)"},  // the one-character form of ESC [
                                                       {"\xc2\xa0", "\xc2\xa0"},
                                                       {"\xe2\x80\xa8\xe2\x80\xa9", R"(\u2028\u2029)"},
                                                       {"é€😀", "é€😀"},
                                                       {"\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd"},
                                                       {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}};
  for (const auto& [text, shown] : cases) EXPECT_EQ(to_log_text(text), shown);
}

// Goal: a log line is one JSON object, whatever is in it. Method: every byte and some texts through the real logger,
// the captured output parsed line by line.
TEST(Logging, WritesOneObjectALine) {
  std::string bytes;
  for (int value = 0; value < 256; ++value) bytes += static_cast<char>(value);
  testing::internal::CaptureStdout();
  start_logging("fairlead-test", "info");
  spdlog::info("first key={}", "value");
  spdlog::debug("below the level");
  spdlog::warn("{}", bytes);
  spdlog::error("{{}} %* %v\n{}", R"({"time":"forged"})");
  stop_logging();
  spdlog::error("after the end");
  std::istringstream output(testing::internal::GetCapturedStdout());
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(output, line);) lines.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["message"], "first key=value");
  EXPECT_EQ(lines[0]["level"], "info");
  EXPECT_EQ(lines[0]["program"], "fairlead-test");
  EXPECT_EQ(lines[0]["time"].get<std::string>().size(), std::string("2026-01-02T03:04:05.678901Z").size());
  EXPECT_TRUE(lines[0]["time"].get<std::string>().ends_with("Z"));
  EXPECT_EQ(lines[1]["message"].get<std::string>().substr(0, 128), bytes.substr(0, 128));
  EXPECT_EQ(lines[2]["message"], "{} %* %v\n{\"time\":\"forged\"}");
  EXPECT_EQ(log_lines_dropped(), 0U);
}

// Goal: a log pipe that nobody reads holds nobody up, and does not keep the program from ending. Method: a child whose
// output is a full pipe logs more than the queue holds and stops; an alarm ends it if that hangs.
TEST(LoggingDeathTest, EndsAlthoughNobodyReads) {
  EXPECT_EXIT(
      {
        int ends[2] = {};
        if (pipe2(ends, O_NONBLOCK) != 0) _exit(2);
        while (write(ends[1], "x", 1) == 1) {
        }
        if (fcntl(ends[1], F_SETFL, 0) != 0 || dup2(ends[1], STDOUT_FILENO) < 0) _exit(3);
        alarm(20);
        start_logging("fairlead-test", "info");
        for (int line = 0; line < 20'000; ++line) spdlog::info("line {}", line);
        const bool is_dropping = log_lines_dropped() > 0;
        stop_logging();
        _exit(is_dropping ? 0 : 4);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace fairlead
