#include "control_plane/http/auth.hpp"

#include <gtest/gtest.h>

#include "common/crypto/digest.hpp"
#include "control_plane/http/api_version.hpp"

namespace fairlead::control {
namespace {

// Goal: only a well-formed bearer key is hashed; the scheme has no case. Method: good and bad headers.
TEST(Authorization, ReadsBearerKeys) {
  const auto hash = parse_authorization("bEaReR CO.abc.def");
  ASSERT_TRUE(hash);
  EXPECT_EQ(*hash, crypto::sha256("CO.abc.def"));
  for (const char* header : {"", "Bearer", "Bearer ", " CO.abc", "Bearer CO.abc def", "Bearer  CO.abc"}) {
    const auto refused = parse_authorization(header);
    ASSERT_FALSE(refused) << header;
    EXPECT_EQ(refused.error().reason, "authentication_required") << header;
  }
  EXPECT_EQ(parse_authorization(std::nullopt).error().reason, "authentication_required");
  for (const char* header : {"Basic dXNlcjpwYXNz", "Bearer PRT.abc.def", "Bearer abc", "Bearer CX.abc.def"}) {
    EXPECT_EQ(parse_authorization(header).error().reason, "authorization_failed") << header;
    EXPECT_EQ(parse_authorization(header).error().code, Code::unauthorized) << header;
  }
}

// Goal: shapes change at the versions' dates; no date is older than all. Method: the days around them.
TEST(ApiVersions, ChangeShapesByDate) {
  const auto version = [](std::optional<std::string_view> header) { return ApiVersion::from_header(header); };
  EXPECT_FALSE(version(std::nullopt).has_old_names);
  EXPECT_FALSE(version("2025-11-24").has_old_names);
  EXPECT_FALSE(version("2024-04-01").has_old_names);
  EXPECT_TRUE(version("2024-03-31").has_old_names);
  EXPECT_FALSE(version("2024-01-01").has_text_durations);
  EXPECT_TRUE(version("2023-12-31").has_text_durations);
  EXPECT_TRUE(version("0001-01-01").has_text_durations);
  EXPECT_TRUE(version("newest").has_text_durations);
}

}  // namespace
}  // namespace fairlead::control
