#include "control_plane/http/etag.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

const TimePoint kTime{Micros(0xabc123)};

net::HttpRequest request_with(const char* name, const std::string& value) {
  net::HttpRequest request;
  request.method = net::http::verb::get;
  request.headers.emplace_back(name, value);
  return request;
}

std::string tag_of(const std::string& body, TimePoint time) {
  return with_etag({.status = net::http::status::ok, .body = body}, time).headers.at(0).second;
}

// Goal: a tag tells apart what was written at different times and what reads differently. Method: each differs.
TEST(ETag, TellsStatesApart) {
  EXPECT_TRUE(tag_of("a", kTime).starts_with("\"abc123-"));
  EXPECT_EQ(tag_of("a", kTime), tag_of("a", kTime));
  EXPECT_NE(tag_of("a", kTime), tag_of("b", kTime));
  EXPECT_NE(tag_of("a", kTime), tag_of("a", kTime + Micros(1)));
}

// Goal: If-Match goes by the revision alone, in any of several tags, and fails closed. Method: table.
TEST(IfMatch, GoesByRevision) {
  EXPECT_TRUE(check_if_match({}, kTime));
  const std::string tag = tag_of("a", kTime);
  for (const auto& fits : {tag, "W/" + tag, "\"x\", " + tag + " ,\"y\"", std::string("*"),
                           std::string("\"abc123-other\""), std::string("\"abc123\"")})
    EXPECT_TRUE(check_if_match(request_with("If-Match", fits), kTime)) << fits;
  for (const char* refused : {"", "\"\"", "abc123", "\"abc1234-0\"", "\"abc12-0\"", "\"", "W/", ",", "\"-abc123\""}) {
    const auto checked = check_if_match(request_with("if-match", refused), kTime);
    ASSERT_FALSE(checked) << refused;
    EXPECT_EQ(checked.error().code, Code::precondition_failed);
    EXPECT_EQ(checked.error().reason, "precondition_failed");
  }
}

// Goal: 304 is for a successful GET of the very state. Method: the same tag on another method, status, content.
TEST(IfNoneMatch, IsForTheVeryState) {
  const auto answer = [](const net::HttpRequest& request, net::http::status status) {
    auto response = with_etag({.status = status, .body = "a"}, kTime);
    answer_if_none_match(request, response);
    return response;
  };
  auto request = request_with("If-None-Match", tag_of("a", kTime));
  EXPECT_EQ(answer(request, net::http::status::ok).status, net::http::status::not_modified);
  EXPECT_EQ(answer(request, net::http::status::ok).body, "");
  EXPECT_EQ(answer(request, net::http::status::accepted).status, net::http::status::accepted);
  request.method = net::http::verb::put;
  EXPECT_EQ(answer(request, net::http::status::ok).body, "a");
  EXPECT_EQ(answer(request_with("If-None-Match", tag_of("b", kTime)), net::http::status::ok).body, "a");
}

}  // namespace
}  // namespace fairlead::control
