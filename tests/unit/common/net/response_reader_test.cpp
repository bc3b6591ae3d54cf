#include "common/net/response_reader.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::net {
namespace {

using Step = ResponseReader::Step;

constexpr ResponseLimits kLimits{.header_bytes_max = 200, .body_bytes_max = 10};

// Goal: a status below 100 is no answer, also where the body is cut at its maximum before its end is seen. Method: each
// way a body ends: counted, cut, until close, and in chunks that are mostly framing.
TEST(ResponseReader, RefusesAStatusThatIsNone) {
  std::string framing = "HTTP/1.1 099 None\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 9; ++i) framing += "1;" + std::string(100, 'x') + "\r\na\r\n";
  for (const auto& bytes : {std::string("HTTP/1.1 099 None\r\nContent-Length: 1\r\n\r\na"),
                            std::string("HTTP/1.1 099 None\r\nContent-Length: 20\r\n\r\n12345678901234567890"),
                            std::string("HTTP/1.1 099 None\r\n\r\n12345678901234567890"), framing}) {
    ResponseReader reader(kLimits);
    EXPECT_EQ(reader.feed(bytes), Step::broken) << bytes;
    EXPECT_EQ(reader.error(), "the answer is not usable: its status code is none") << bytes;
  }
}

// Goal: a body that is cut is an answer, whole gzip or not. Method: a counted body over the maximum.
TEST(ResponseReader, CutsABody) {
  ResponseReader reader(kLimits);
  EXPECT_EQ(reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n12345678901234567890"), Step::done);
  ClientResponse response;
  reader.move_to(response);
  EXPECT_EQ(response.body, "1234567890");
  EXPECT_TRUE(response.body_truncated);
  EXPECT_FALSE(reader.is_reusable());
}

}  // namespace
}  // namespace fairlead::net
