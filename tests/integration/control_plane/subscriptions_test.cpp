#include "tests/integration/control_plane/control_world.hpp"

namespace fairlead::testing {
namespace {

using Subscriptions = ControlWorld;

// Goal: create, show, list, update, delete; types named exactly join the catalogue; each write takes a number. Method:
// one through all.
TEST_F(Subscriptions, Lifecycle) {
  const auto shop = client();
  const std::string endpoint = shop.endpoint()["uid"];
  auto version = config_version(shop);
  const auto made = shop.subscription(
      endpoint,
      {{"filter_config",
        {{"event_types", {"invoice.paid", "user.*", "invoice.paid"}}, {"filter", {{"body", Json::object()}}}}}});
  EXPECT_EQ(made["filter_config"]["event_types"], (Json{"invoice.paid", "user.*"}));
  EXPECT_EQ(made["endpoint_metadata"]["uid"], endpoint);
  EXPECT_FALSE(made.contains("retry_config"));
  EXPECT_EQ(made["delivery_mode"], "at_least_once");
  EXPECT_GT(config_version(shop), version);
  Json names = Json::array();
  for (const auto& type : Client::expect(200, shop.get("event-types"))) names.push_back(type["name"]);
  EXPECT_EQ(names, (Json{"invoice.paid", "*"}));
  const std::string path = "subscriptions/" + made["uid"].get<std::string>();
  auto read = made;
  read["function"] = nullptr;  // an empty text only where it was just made (wire contract 2.4)
  EXPECT_EQ(Client::expect(200, shop.get(path)), read);
  version = config_version(shop);
  const auto changed = Client::expect(
      202, shop.put(path, {{"name", "renamed"},
                           {"delivery_mode", "at_most_once"},
                           {"retry_config", {{"type", "linear"}, {"duration", "1m"}, {"retry_count", 4}}}}));
  EXPECT_EQ(changed["name"], "renamed");
  EXPECT_EQ(changed["filter_config"]["event_types"], made["filter_config"]["event_types"]);
  EXPECT_EQ(changed["retry_config"], (Json{{"type", "linear"}, {"interval_seconds", 60}, {"retry_count", 4}}));
  EXPECT_GT(config_version(shop), version);
  EXPECT_EQ(Client::expect(202, shop.call(http::verb::put, path + "/toggle_status")), Json::object());
  EXPECT_EQ(Client::expect(200, shop.get("subscriptions?endpointId=" + endpoint + "&name=RENAME"))["content"].size(),
            1U);
  EXPECT_EQ(Client::expect(200, shop.get("subscriptions?name=other"))["content"].size(), 0U);
  EXPECT_EQ(Client::expect(200, shop.remove(path)), Json());
  expect_problem(shop.get(path), 404, "not_found");
  EXPECT_EQ(database_.sql("SELECT count(*) FROM subscriptions WHERE deleted_at IS NOT NULL"), "1");
}

// Goal: one subscription for an endpoint unless the project allows more, on create and when one is moved. Method: both
// settings.
TEST_F(Subscriptions, OneForAnEndpoint) {
  const auto strict = client();
  const std::string first = strict.endpoint()["uid"], second = strict.endpoint()["uid"];
  strict.subscription(first);
  expect_problem(strict.post("subscriptions", {{"name", "again"}, {"endpoint_id", first}}), 400, "endpoint_subscribed",
                 "endpoint_id");
  const std::string moved = strict.subscription(second)["uid"];
  expect_problem(strict.put("subscriptions/" + moved, {{"endpoint_id", first}}), 400, "endpoint_subscribed",
                 "endpoint_id");
  EXPECT_EQ(strict.put("subscriptions/" + moved, {{"endpoint_id", second}}).status, 202);
  const auto open = new_project("open", {{"multiple_endpoint_subscriptions", true}});
  const std::string shared = open.endpoint()["uid"];
  open.subscription(shared);
  open.subscription(shared);
}

// Goal: what is missing or wrong is named; the empty forms that clients send pass. Method: one fault at a time.
TEST_F(Subscriptions, NamesTheFieldAtFault) {
  const auto shop = client();
  const std::string endpoint = shop.endpoint()["uid"];
  const auto fault = [&](Json body, int status, const char* code, const char* field) {
    if (!body.contains("name")) body["name"] = "s";
    if (!body.contains("endpoint_id")) body["endpoint_id"] = endpoint;
    expect_problem(shop.post("subscriptions", body), status, code, field);
  };
  fault({{"name", ""}}, 400, "required", "name");
  fault({{"name", Json::array()}}, 400, "wrong_type", "name");
  fault({{"endpoint_id", nullptr}}, 400, "required", "endpoint_id");
  fault({{"endpoint_id", "nobody"}}, 404, "not_found", "endpoint_id");
  fault({{"endpoint_id", "01JQZZZZZZZZZZZZZZZZZZZZZZ"}}, 404, "not_found", "endpoint_id");
  fault({{"delivery_mode", "twice"}}, 400, "invalid_delivery_mode", "delivery_mode");
  fault({{"filter_config", {{"event_types", "x"}}}}, 400, "wrong_type", "filter_config.event_types");
  fault({{"filter_config", {{"event_types", {"a", 1}}}}}, 400, "wrong_type", "filter_config.event_types.1");
  fault({{"filter_config", {{"event_types", {"a*b"}}}}}, 400, "invalid_pattern", "filter_config.event_types.0");
  fault({{"filter_config", {{"filter", {{"body", {{"a", {{"$foo", 1}}}}}}}}}}, 400, "unknown_operator",
        "filter_config.filter.body.a.$foo");
  fault({{"function", "function transform( {}"}}, 400, "function_invalid", "function");
  fault({{"source_id", "x"}}, 404, "not_found", "source_id");
  fault({{"rate_limit_config", {{"count", 1}, {"duration", 0}}}}, 400, "required", "rate_limit_config.duration");
  fault({{"alert_config", {{"count", 1}, {"threshold", "soon"}}}}, 400, "invalid_duration", "alert_config.threshold");
  fault({{"retry_config", {{"type", "daily"}, {"duration", "1s"}}}}, 400, "invalid_strategy", "retry_config.type");
  fault({{"retry_config", {{"type", "linear"}}}}, 400, "required", "retry_config.duration");
  fault({{"retry_config", {{"type", "linear"}, {"duration", "soon"}}}}, 400, "invalid_duration",
        "retry_config.duration");
  EXPECT_EQ(database_.sql("SELECT count(*) FROM subscriptions"), "0");
  shop.subscription(endpoint, {{"alert_config", nullptr},
                               {"rate_limit_config", {{"count", 0}, {"duration", 0}}},
                               {"function", ""},
                               {"retry_config", {{"type", ""}, {"duration", ""}, {"retry_count", 0}}},
                               {"source_id", ""}});
}

}  // namespace
}  // namespace fairlead::testing
