#include "common/net/problem.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace fairlead::net {
namespace {

using nlohmann::json;

bool has_retry_after(const HttpResponse& response) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [](const auto& header) { return header.first == "Retry-After"; });
}

// Goal: success carries the data as it is. Method: exact bytes, also of text that must be escaped or is no UTF-8.
TEST(Success, CarriesTheData) {
  const auto response = success(http::status::created, "Endpoint created", R"({"n":1.50})");
  EXPECT_EQ(response.status, http::status::created);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"status":true,"message":"Endpoint created","data":{"n":1.50}})");
  EXPECT_EQ(success(http::status::ok, "a\"b\n", "null").body, R"({"status":true,"message":"a\"b\n","data":null})");
  EXPECT_TRUE(json::accept(success(http::status::ok, "\xff", "null").body));
}

// Goal: each code has its status and name; those worth trying again say so. Method: the closed list.
TEST(Problem, MapsEveryCode) {
  struct Case {
    Code code;
    int status;
    const char* name;
    bool again;
  };
  const Case cases[] = {{Code::invalid, 400, "invalid", false},
                        {Code::unauthorized, 401, "unauthorized", false},
                        {Code::forbidden, 403, "forbidden", false},
                        {Code::not_found, 404, "not_found", false},
                        {Code::conflict, 409, "conflict", false},
                        {Code::precondition_failed, 412, "precondition_failed", false},
                        {Code::gone, 410, "gone", false},
                        {Code::too_large, 413, "too_large", false},
                        {Code::rate_limited, 429, "rate_limited", true},
                        {Code::unavailable, 503, "unavailable", true},
                        {Code::internal, 500, "internal", false}};
  for (const auto& [code, status, name, again] : cases) {
    const auto response = problem({code, "text"}, "request-1");
    EXPECT_EQ(static_cast<int>(response.status), status) << name;
    EXPECT_EQ(has_retry_after(response), again) << name;
    const json body = json::parse(response.body);
    EXPECT_EQ(body["status"], false);
    EXPECT_EQ(body["code"], name);
    EXPECT_EQ(body["request_id"], "request-1");
    EXPECT_FALSE(body.contains("data"));
    EXPECT_FALSE(body.contains("field"));
  }
}

// Goal: reason and field are shown where known. Method: exact bytes, so that the order of keys stays too.
TEST(Problem, ShowsReasonAndField) {
  EXPECT_EQ(problem({Code::invalid, "expected a URL", "invalid_url", "url"}, "r").body,
            R"({"status":false,"message":"expected a URL","code":"invalid_url","field":"url","request_id":"r"})");
}

// Goal: nothing of our inside reaches a client. Method: an internal error and a database error with telling texts.
TEST(Problem, HidesTheInside) {
  for (const Error& error :
       {Error{Code::internal, "relation \"secret_table\" does not exist", "inner_reason", "inner_field"},
        Error{Code::unavailable, "connection to 10.0.0.5 secret_table", "database_unavailable"}}) {
    const std::string body = problem(error, "r").body;
    for (const char* text : {"secret_table", "10.0.0.5", "inner_"})
      EXPECT_EQ(body.find(text), std::string::npos) << body;
  }
}

// Goal: strangers' bytes in a message or id never break the answer. Method: quotes, control characters, no UTF-8.
TEST(Problem, StaysJson) {
  for (const std::string text : {"\"}{", "\n\r\x1b", "\xff\xfe", "</script>"}) {
    const auto body = json::parse(problem({Code::invalid, text, "", text}, text).body);
    EXPECT_EQ(body.size(), 5U);
  }
}

// Goal: HTTP faults come in the same envelope. Method: exact bytes.
TEST(HttpProblem, UsesTheEnvelope) {
  const auto response = http_problem(http::status::method_not_allowed, "method_not_allowed", "expected GET", "r");
  EXPECT_EQ(response.status, http::status::method_not_allowed);
  EXPECT_EQ(response.body, R"({"status":false,"message":"expected GET","code":"method_not_allowed","request_id":"r"})");
}

}  // namespace
}  // namespace fairlead::net
