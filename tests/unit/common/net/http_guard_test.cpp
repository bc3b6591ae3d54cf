#include "common/net/http_guard.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::net {
namespace {

using namespace std::string_literals;

constexpr HeaderLimits kLimits{.header_count_max = 10, .target_bytes_max = 100};

// The fault's code, or "" if there is none.
std::string fault_of(const std::string& block) {
  const auto* fault = find_header_fault(block, kLimits);
  return fault == nullptr ? "" : std::string(fault->code);
}

std::string fault_of_line(const std::string& line) { return fault_of(line + "\r\nHost: a\r\n\r\n"); }
std::string fault_of_headers(const std::string& headers) {
  return fault_of("POST /x HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n");
}

// Goal: request lines. Method: a table of line and fault.
TEST(HeaderGuard, JudgesTheRequestLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"GET / HTTP/1.1", ""},
      {"GET / HTTP/1.0", ""},
      {"M-SEARCH * HTTP/1.1", ""},
      {"GET /a?b=c%20 HTTP/1.1", ""},
      {"GET http://a/ HTTP/1.1", ""},
      {"GET / HTTP/2.0", "http_version"},
      {"GET / HTTP/1.2", "http_version"},
      {"GET / HTTP/0.9", "http_version"},
      {"GET / http/1.1", "malformed_request"},
      {"GET /", "malformed_request"},
      {"GET", "malformed_request"},
      {"", "malformed_request"},
      {" GET / HTTP/1.1", "malformed_request"},
      {"GET  / HTTP/1.1", "malformed_request"},
      {"GET /  HTTP/1.1", "malformed_request"},
      {"GET / HTTP/1.1 ", "malformed_request"},
      {"GET  HTTP/1.1", "malformed_request"},
      {"GET /a b HTTP/1.1", "malformed_request"},
      {"GET\t/ HTTP/1.1", "malformed_request"},
      {"GET /\ta HTTP/1.1", "malformed_request"},
      {"GET /\x01 HTTP/1.1", "malformed_request"},
      {"GET /\x7f HTTP/1.1", "malformed_request"},
      {"GET /\0 HTTP/1.1"s, "malformed_request"},
      {"G@T / HTTP/1.1", "malformed_request"},
      {"GET /" + std::string(99, 'a') + " HTTP/1.1", ""},
      {"GET /" + std::string(100, 'a') + " HTTP/1.1", "target_too_long"}};
  for (const auto& [line, code] : cases) EXPECT_EQ(fault_of_line(line), code) << line;
}

// Goal: lines end in CRLF and hold no control characters, and nothing continues. Method: a table of header text and
// fault.
TEST(HeaderGuard, JudgesLinesAndNames) {
  const std::pair<std::string, std::string> cases[] = {{"", ""},
                                                       {"A: b\r\n", ""},
                                                       {"A:\r\n", ""},
                                                       {"A:\tb\t\r\n", ""},
                                                       {"A: \xc3\xa9\r\n", ""},
                                                       {"A: b: c\r\n", ""},
                                                       {"A: b\n", "malformed_request"},
                                                       {"A: b\rC: d\r\n", "malformed_request"},
                                                       {"A: b\r\r\n", "malformed_request"},
                                                       {"A: b\nC: d\r\n", "malformed_request"},
                                                       {"A: \0\r\n"s, "malformed_request"},
                                                       {"A: \x0b\r\n", "malformed_request"},
                                                       {"A: \x7f\r\n", "malformed_request"},
                                                       {"A : b\r\n", "malformed_request"},
                                                       {"A\t: b\r\n", "malformed_request"},
                                                       {": b\r\n", "malformed_request"},
                                                       {"A\r\n", "malformed_request"},
                                                       {"A(: b\r\n", "malformed_request"},
                                                       {"\xc3\xa9: b\r\n", "malformed_request"},
                                                       {"A: b\r\n c\r\n", "obsolete_folding"},
                                                       {"A: b\r\n\tc: d\r\n", "obsolete_folding"},
                                                       {" A: b\r\n", "obsolete_folding"}};
  for (const auto& [headers, code] : cases) EXPECT_EQ(fault_of_headers(headers), code) << headers;
}

// Goal: there is one way to tell where a body ends. Method: the smuggling shapes in both orders and odd spellings.
TEST(HeaderGuard, JudgesFraming) {
  const std::pair<std::string, std::string> cases[] = {
      {"Content-Length: 0\r\n", ""},
      {"content-length:5\r\n", ""},
      {"CONTENT-LENGTH: \t 5 \r\n", ""},
      {"Transfer-Encoding: chunked\r\n", ""},
      {"transfer-encoding: Chunked\r\n", ""},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "length_and_coding"},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "length_and_coding"},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", "content_length"},
      {"Content-Length: 5\r\nX: y\r\nContent-Length: 6\r\n", "content_length"},
      {"Content-Length: 5, 5\r\n", "content_length"},
      {"Content-Length:\r\n", "content_length"},
      {"Content-Length: +5\r\n", "content_length"},
      {"Content-Length: -5\r\n", "content_length"},
      {"Content-Length: 0x5\r\n", "content_length"},
      {"Content-Length: 5 5\r\n", "content_length"},
      {"Content-Length: 1e1\r\n", "content_length"},
      {"Content-Length: 9999999999999999\r\n", "content_length"},
      {"Transfer-Encoding: gzip\r\n", "transfer_encoding"},
      {"Transfer-Encoding: gzip, chunked\r\n", "transfer_encoding"},
      {"Transfer-Encoding: chunked, gzip\r\n", "transfer_encoding"},
      {"Transfer-Encoding: chunked, chunked\r\n", "transfer_encoding"},
      {"Transfer-Encoding: identity\r\n", "transfer_encoding"},
      {"Transfer-Encoding:\r\n", "transfer_encoding"},
      {"Transfer-Encoding: \"chunked\"\r\n", "transfer_encoding"},
      {"Transfer-Encoding: chunked;x=y\r\n", "transfer_encoding"},
      {"Transfer-Encoding: xchunked\r\n", "transfer_encoding"},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "transfer_encoding"},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "transfer_encoding"}};
  for (const auto& [headers, code] : cases) EXPECT_EQ(fault_of_headers(headers), code) << headers;
  EXPECT_EQ(fault_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), "transfer_encoding");
}

// Goal: exactly one valid Host, but for HTTP/1.0, which may have none. Method: a table of header blocks.
TEST(HeaderGuard, JudgesHost) {
  const std::pair<std::string, std::string> cases[] = {{"HTTP/1.1\r\n", "host"},
                                                       {"HTTP/1.0\r\n", ""},
                                                       {"HTTP/1.1\r\nHost: a\r\n", ""},
                                                       {"HTTP/1.0\r\nhost: a\r\n", ""},
                                                       {"HTTP/1.1\r\nHost: a\r\nhost: a\r\n", "host"},
                                                       {"HTTP/1.0\r\nHost: a\r\nHost: b\r\n", "host"},
                                                       {"HTTP/1.1\r\nHost:\r\n", ""},
                                                       {"HTTP/1.1\r\nHost: a.b-c_d:80\r\n", ""},
                                                       {"HTTP/1.1\r\nHost: [::1]:80\r\n", ""},
                                                       {"HTTP/1.1\r\nHost: %41\r\n", ""},
                                                       {"HTTP/1.1\r\nHost: a b\r\n", "host"},
                                                       {"HTTP/1.1\r\nHost: a\tb\r\n", "host"},
                                                       {"HTTP/1.1\r\nHost: u@a\r\n", "host"},
                                                       {"HTTP/1.1\r\nHost: a/b\r\n", "host"},
                                                       {"HTTP/1.1\r\nHost: a?b\r\n", "host"},
                                                       {"HTTP/1.1\r\nHost: a#b\r\n", "host"},
                                                       {"HTTP/1.1\r\nHost: a\\b\r\n", "host"},
                                                       {"HTTP/1.1\r\nHost: <a>\r\n", "host"},
                                                       {"HTTP/1.1\r\nHost: \xc3\xa9\r\n", "host"}};
  for (const auto& [rest, code] : cases) EXPECT_EQ(fault_of("GET / " + rest + "\r\n"), code) << rest;
}

// Goal: the number of headers is bounded. Method: at the bound and one above.
TEST(HeaderGuard, CountsHeaders) {
  std::string nine;
  for (int index = 0; index < 9; ++index) nine += "X: y\r\n";
  EXPECT_EQ(fault_of_headers(nine), "");
  EXPECT_EQ(fault_of_headers(nine + "X: y\r\n"), "too_many_headers");
}

// Goal: what follows the empty line is the body, and no concern here; a block without that line is no header. Method:
// both.
TEST(HeaderGuard, EndsAtTheEmptyLine) {
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n\x01\n: x"), "");
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nHost: a\r\n"), "malformed_request");
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nHost: a\r\nX: y"), "malformed_request");
  EXPECT_EQ(fault_of("\r\n"), "malformed_request");
  EXPECT_EQ(fault_of(""), "malformed_request");
}

// Goal: each fault has the status that RFC 9110 and 9112 ask for. Method: one of each.
TEST(HeaderGuard, NamesTheStatus) {
  const auto status_of = [](const std::string& block) {
    return static_cast<int>(find_header_fault(block, kLimits)->status);
  };
  EXPECT_EQ(status_of("x"), 400);
  EXPECT_EQ(status_of("GET / HTTP/3.0\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET /" + std::string(101, 'a') + " HTTP/1.1\r\n\r\n"), 414);
  std::string many = "GET / HTTP/1.1\r\n";
  for (int index = 0; index < 11; ++index) many += "X: y\r\n";
  EXPECT_EQ(status_of(many + "\r\n"), 431);
}

}  // namespace
}  // namespace fairlead::net
