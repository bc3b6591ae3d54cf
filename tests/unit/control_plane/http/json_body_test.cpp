#include "control_plane/http/json_body.hpp"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

std::string reason_of(std::string_view text) {
  const auto body = JsonBody::parse(text);
  return body ? "" : body.error().reason;
}

// Goal: what is no single JSON object is refused with its own reason. Method: each way to be wrong.
TEST(JsonBody, RefusesWhatIsNoObject) {
  EXPECT_EQ(reason_of(""), "body_required");
  EXPECT_EQ(reason_of(" \r\n"), "body_required");
  EXPECT_EQ(reason_of("{"), "invalid_json");
  EXPECT_EQ(reason_of("{} {}"), "invalid_json");
  EXPECT_EQ(reason_of("{\"a\":\"\xff\"}"), "invalid_json");
  EXPECT_EQ(reason_of(R"({"a":"\u0000"})"), "invalid_json");
  EXPECT_EQ(reason_of("[]"), "wrong_type");
  EXPECT_EQ(reason_of("null"), "wrong_type");
  std::string deep(200, '[');
  deep += std::string(200, ']');
  EXPECT_EQ(reason_of("{\"a\":" + deep + "}"), "invalid_json");
}

// Goal: names compare without case, the last of equal names wins, absent and null differ. Method: one body.
TEST(JsonBody, FindsMembers) {
  const auto body = JsonBody::parse(R"({"Name":"a","NAME":"b","name":"c","gone":null})").value();
  EXPECT_EQ(body.text("nAmE").value().value, "c");
  const auto gone = body.text("gone").value();
  EXPECT_TRUE(gone.is_present);
  EXPECT_FALSE(gone.has_value());
  EXPECT_FALSE(body.text("absent").value().is_present);
}

// Goal: wrong types and ranges name the dotted field. Method: one of each getter.
TEST(JsonBody, NamesTheFieldAtFault) {
  const auto body =
      JsonBody::parse(R"({"t":5,"n":1.5,"big":99999999999999999999,"neg":-1,"huge":18446744073709551615,"b":"true",
                                        "o":{"inner":{"n":"x"}},"l":["a",1],"os":[{},2]})")
          .value();
  const auto check = [](const auto& result, const char* field, const char* reason) {
    ASSERT_FALSE(result) << field;
    EXPECT_EQ(result.error().field, field);
    EXPECT_EQ(result.error().reason, reason);
    EXPECT_EQ(result.error().code, Code::invalid);
  };
  check(body.text("t"), "t", "wrong_type");
  check(body.integer("n", {0, 10}), "n", "wrong_type");
  check(body.integer("big", {0, 10}), "big", "wrong_type");
  check(body.integer("neg", {0, 10}), "neg", "out_of_range");
  check(body.integer("huge", {0, 10}), "huge", "out_of_range");
  check(body.boolean("b"), "b", "wrong_type");
  check(body.object("l"), "l", "wrong_type");
  check(body.texts("l", 10), "l.1", "wrong_type");
  check(body.texts("l", 1), "l", "too_many");
  check(body.objects("os", 10), "os.1", "wrong_type");
  const auto inner = body.object("o").value().value.object("inner").value().value;
  check(inner.integer("n", {0, 1}), "o.inner.n", "wrong_type");
  check(inner.required_text("name"), "o.inner.name", "required");
}

// Goal: durations are seconds, and Go's text only where it is allowed; fractions of a second round up. Method: both.
TEST(JsonBody, Seconds) {
  const auto body = JsonBody::parse(R"({"n":15,"t":"1m0s","half":"1500ms","bad":"soon","empty":""})").value();
  EXPECT_EQ(body.seconds("n", {0, 60}, false).value().value, 15);
  EXPECT_EQ(body.seconds("t", {0, 60}, true).value().value, 60);
  EXPECT_EQ(body.seconds("half", {0, 60}, true).value().value, 2);
  EXPECT_EQ(body.seconds("t", {0, 60}, false).error().reason, "wrong_type");
  EXPECT_EQ(body.seconds("bad", {0, 60}, true).error().reason, "invalid_duration");
  EXPECT_EQ(body.seconds("t", {0, 59}, true).error().reason, "out_of_range");
  EXPECT_FALSE(body.seconds("empty", {0, 60}, true).value().has_value());
}

}  // namespace
}  // namespace fairlead::control
