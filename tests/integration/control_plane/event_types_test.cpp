#include "tests/integration/control_plane/control_world.hpp"

namespace fairlead::testing {
namespace {

using EventTypes = ControlWorld;

// Goal: create, list, update and deprecate, with the statuses that clients expect. Method: one type through all of
// them.
TEST_F(EventTypes, Lifecycle) {
  const auto shop = client();
  const auto made = Client::expect(
      201, shop.post("event-types/",
                     {{"name", "invoice.paid"}, {"category", "billing"}, {"json_schema", {{"type", "object"}}}}));
  EXPECT_EQ(made["json_schema"], (Json{{"type", "object"}}));
  EXPECT_EQ(made["deprecated_at"], Json());
  const auto list = Client::expect(200, shop.get("event-types"));
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["name"], "invoice.paid");
  EXPECT_EQ(list[1]["name"], "*");
  const std::string path = "event-types/" + made["uid"].get<std::string>();
  auto changed = Client::expect(201, shop.put(path, {{"description", "paid in full"}, {"category", ""}}));
  EXPECT_EQ(changed["description"], "paid in full");
  EXPECT_EQ(changed["category"], "billing");
  EXPECT_EQ(changed["json_schema"], made["json_schema"]);
  EXPECT_TRUE(Client::expect(201, shop.put(path, {{"json_schema", nullptr}}))["json_schema"].is_null());
  changed = Client::expect(201, shop.call(http::verb::post, path + "/deprecate", "\"{}\""));
  EXPECT_TRUE(changed["deprecated_at"].is_string());
  EXPECT_EQ(Client::expect(201, shop.call(http::verb::post, path + "/deprecate"))["deprecated_at"],
            changed["deprecated_at"]);
}

// Goal: what is missing, wrong or taken is named. Method: one fault at a time.
TEST_F(EventTypes, NamesTheFieldAtFault) {
  const auto shop = client();
  expect_problem(shop.post("event-types", Json::object()), 400, "required", "name");
  expect_problem(shop.post("event-types", {{"name", "*"}}), 400, "duplicate", "name");
  expect_problem(shop.post("event-types", {{"name", "a\nb"}}), 400, "control_character", "name");
  expect_problem(shop.post("event-types", {{"name", "x"}, {"json_schema", "text"}}), 400, "wrong_type", "json_schema");
  expect_problem(shop.put("event-types/01JQZZZZZZZZZZZZZZZZZZZZZZ", Json::object()), 404, "not_found");
}

}  // namespace
}  // namespace fairlead::testing
