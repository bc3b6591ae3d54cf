#include "common/script/job.hpp"

#include <gtest/gtest.h>

namespace fairlead::script {
namespace {

std::string_view text_of(const std::string& frame) { return std::string_view(frame).substr(frame_head_bytes); }

// Goal: what one side writes the other reads, whatever the texts hold. Method: quotes, newlines, NUL, characters of
// every length; with and without a payload.
TEST(Frames, ComeBackAsTheyWere) {
  const std::string odd = std::string("\"\\\n\0é€😀", 13);
  const auto frame = to_frame(Job{.source = odd, .payload = R"({"a":"\u0001"})", .context = "[]"});
  EXPECT_EQ(frame_length(frame), frame.size() - frame_head_bytes);
  const auto job = parse_job(text_of(frame)).value();
  EXPECT_EQ(job.source, odd);
  EXPECT_EQ(job.payload, R"({"a":"\u0001"})");
  EXPECT_EQ(job.context, "[]");
  EXPECT_EQ(parse_job(text_of(to_frame(Job{.source = "x"})))->payload, std::nullopt);

  const auto output = parse_answer(text_of(to_frame(Answer(Output{.payload = "[1]", .log = {"a", odd}})))).value();
  EXPECT_EQ(output.value().payload, "[1]");
  EXPECT_EQ(output.value().log, (std::vector<std::string>{"a", odd}));
  const Answer fault = std::unexpected(Fault{.reason = "function_failed", .message = odd, .line = 3, .column = 7});
  const auto read = parse_answer(text_of(to_frame(fault))).value().error();
  EXPECT_EQ(read.reason + read.message, "function_failed" + odd);
  EXPECT_EQ(read.line * 100 + read.column, 307U);
}

// Goal: a length is little endian and of four bytes. Method: one with four different bytes.
TEST(Frames, AnnounceTheirLength) { EXPECT_EQ(frame_length(std::string("\x01\x02\x03\x04", 4)), 0x04030201U); }

// Goal: a worker that somebody took over says nothing that harms its reader. Method: what is no frame, member by
// member.
TEST(Frames, AreRefusedWhenTheyAreNone) {
  for (const char* text :
       {"", "{", "[]", "null", "{}", R"({"source":"x"})", R"({"source":"x","context":1})",
        R"({"source":"x","context":"{}","payload":{}})", "{\"source\":\"\xff\",\"context\":\"{}\"}"}) {
    EXPECT_FALSE(parse_job(text).has_value()) << text;
  }
  for (const char* text :
       {"", "[", "7", "{}", R"({"payload":"1"})", R"({"payload":1,"log":[]})", R"({"payload":"1","log":{}})",
        R"({"payload":"1","log":["a",1]})", R"({"reason":"x"})", R"({"reason":1,"message":"x"})"}) {
    EXPECT_FALSE(parse_answer(text).has_value()) << text;
  }
  for (const char* line : {"-1", "\"1\"", "1.5", "null"}) {
    const auto answer = parse_answer(R"({"reason":"r","message":"m","line":)" + std::string(line) + "}").value();
    EXPECT_EQ(answer.error().line, 0U) << line;
  }
}

}  // namespace
}  // namespace fairlead::script
