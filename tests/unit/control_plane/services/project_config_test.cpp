#include "control_plane/services/project_config.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

using Json = nlohmann::ordered_json;

struct Config {
  IdSource ids;
  ProjectConfig config = ProjectConfig::make_default(ids);
  Result<void> merge(const std::string& text, bool is_outgoing = true) {
    return config.merge(JsonBody::parse(text).value(), is_outgoing, ids);
  }
  [[nodiscard]] Json stored() const { return Json::parse(config.to_stored()); }
  [[nodiscard]] Json wire() const { return Json::parse(config.to_wire()); }
};

// Goal: the default schedule is shown as a strategy and stored as none; sending back what was shown keeps it, with the
// schedule or, by a client that does not know that member, without. Method: the wire form merged in again.
TEST(ProjectConfig, DefaultStrategySurvivesARoundTrip) {
  Config made;
  auto shown = made.wire();
  EXPECT_EQ(shown["strategy"]["type"], "exponential");
  EXPECT_EQ(shown["strategy"]["schedule"].size(), 9U);
  EXPECT_FALSE(made.stored().contains("strategy"));
  ASSERT_TRUE(made.merge(shown.dump()));
  EXPECT_EQ(made.wire(), shown);
  shown["strategy"].erase("schedule");
  ASSERT_TRUE(made.merge(shown.dump()));
  EXPECT_FALSE(made.stored().contains("strategy"));
}

// Goal: an explicit strategy is kept, replaced as a whole, and the default comes back with its schedule. Method: one
// after the other.
TEST(ProjectConfig, ExplicitStrategy) {
  Config made;
  const auto usual = made.wire();
  ASSERT_TRUE(made.merge(R"({"strategy":{"type":"linear","duration":7,"retry_count":3}})"));
  EXPECT_EQ(made.stored()["strategy"], Json::parse(R"({"type":"linear","duration":7,"retry_count":3})"));
  EXPECT_EQ(made.config.strategy().seconds, 7);
  ASSERT_TRUE(made.merge(R"({"strategy":{"type":"exponential","duration":5,"retry_count":10}})"));
  EXPECT_TRUE(made.stored().contains("strategy"));
  ASSERT_TRUE(made.merge(Json{{"strategy", usual["strategy"]}}.dump()));
  EXPECT_FALSE(made.stored().contains("strategy"));
}

// Goal: what cannot be is refused and named. Method: one wrong value at a time.
TEST(ProjectConfig, NamesTheFieldAtFault) {
  const std::vector<std::array<std::string, 3>> cases = {
      {R"({"strategy":{"type":"weekly"}})", "strategy.type", "invalid_strategy"},
      {R"({"strategy":{"type":"linear","duration":0,"retry_count":1}})", "strategy.duration", "out_of_range"},
      {R"({"strategy":{"type":"linear","duration":1,"retry_count":0}})", "strategy.retry_count", "out_of_range"},
      {R"({"strategy":{"type":"linear","duration":-1}})", "strategy.duration", "out_of_range"},
      {R"({"strategy":{"type":"linear","duration":1,"retry_count":1,"schedule":[1]}})", "strategy.schedule",
       "unsupported"},
      {R"({"signature":{"versions":[]}})", "signature.header", "required"},
      {R"({"signature":{"header":"X Y"}})", "signature.header", "invalid_header"},
      {R"({"signature":{"header":"Host"}})", "signature.header", "reserved_header"},
      {R"({"signature":{"header":"X-S","versions":[{"hash":"MD5","encoding":"hex"}]}})", "signature.versions.0.hash",
       "invalid_hash"},
      {R"({"signature":{"header":"X-S","versions":[{"hash":"SHA256","encoding":"text"}]}})",
       "signature.versions.0.encoding", "invalid_encoding"},
      {R"({"max_payload_read_size":2000000})", "max_payload_read_size", "out_of_range"},
      {R"({"disable_endpoint":"yes"})", "disable_endpoint", "wrong_type"},
      {R"({"search_policy":"a week"})", "search_policy", "invalid_duration"},
      {R"({"request_id_header":"a b"})", "request_id_header", "invalid_header"},
      {R"({"ssl":true})", "ssl", "wrong_type"},
      {R"({"sync_dynamic_event_ack":false})", "sync_dynamic_event_ack", "renamed"},
  };
  for (const auto& [text, field, reason] : cases) {
    Config made;
    const auto merged = made.merge(text);
    ASSERT_FALSE(merged) << text;
    EXPECT_EQ(merged.error().field, field) << text;
    EXPECT_EQ(merged.error().reason, reason) << text;
  }
}

// Goal: what is present changes, null brings the default back, names have no case, unknown names never count. Method:
// one body.
TEST(ProjectConfig, Merges) {
  Config made;
  ASSERT_TRUE(made.merge(
      R"({"SSL":{"enforce_secure_endpoints":true},"multiple_endpoint_subscriptions":true,"signature":null,
          "strategy":null,"request_id_header":"X-Mine","retention_policy":{"policy":"1h"},
          "ratelimit":{"count":5,"duration":60},"max_payload_read_size":0})"));
  EXPECT_TRUE(made.config.enforces_https());
  EXPECT_TRUE(made.config.allows_many_subscriptions());
  EXPECT_EQ(made.config.signature_header(), "X-Convoy-Signature");
  const auto wire = made.wire();
  EXPECT_EQ(wire["request_id_header"], "X-Mine");
  EXPECT_EQ(wire["ratelimit"]["count"], 5);
  EXPECT_EQ(wire["max_payload_read_size"], payload_bytes_default);
  EXPECT_TRUE(wire["disable_endpoint"]);
  EXPECT_FALSE(wire.contains("retention_policy"));
  EXPECT_FALSE(made.merge(R"({"request_id_header":"X-Mine"})", false));
}

}  // namespace
}  // namespace fairlead::control
