#include "tests/integration/control_plane/control_world.hpp"

namespace fairlead::testing {
namespace {

using Projects = ControlWorld;

// Goal: a project is made with its first key and event type, and the key works on it alone. Method: create, then use
// the key.
TEST_F(Projects, Create) {
  const auto data = Client::expect(
      201, client().post("/projects?orgID=" + to_text(made_.organisation),
                         {{"name", "p1"}, {"type", "outgoing"}, {"logo_url", "https://x.example.com/l.png"}}));
  EXPECT_EQ(data["api_key"]["name"], "p1's default key");
  EXPECT_EQ(data["api_key"]["role"], (Json{{"type", "project_admin"}, {"project", data["project"]["uid"]}}));
  const std::string key = data["api_key"]["key"];
  EXPECT_TRUE(key.starts_with("CO."));
  EXPECT_EQ(key.size(), 3U + 16U + 1U + 64U);
  EXPECT_EQ(data["project"]["organisation_id"], to_text(made_.organisation));
  EXPECT_EQ(data["project"]["config"]["strategy"]["schedule"].size(), 9U);
  EXPECT_EQ(database_.sql("SELECT count(*) FROM api_keys WHERE position('" + key + "' IN api_keys::text) > 0"), "0");
  const Client own(app_->port(), key, data["project"]["uid"]);
  const auto types = Client::expect(200, own.get("event-types"));
  ASSERT_EQ(types.size(), 1U);
  EXPECT_EQ(types[0]["name"], "*");
  EXPECT_EQ(Client::expect(200, own.get("/projects")).size(), 1U);
  EXPECT_EQ(Client::expect(200, client().get("/projects")).size(), 2U);
  expect_problem(own.post("/projects", {{"name", "p2"}, {"type", "outgoing"}}), 403, "organisation_key_required");
  EXPECT_EQ(Client::expect(200, own.get("/projects/" + own.project() + "/"))["name"], "p1");
}

// Goal: what is missing or wrong is named, and nothing is made. Method: one fault at a time.
TEST_F(Projects, CreateNamesTheFieldAtFault) {
  const auto fault = [&](const Json& body, int status, const char* code, const char* field) {
    expect_problem(client().post("/projects", body), status, code, field);
  };
  fault({{"type", "outgoing"}}, 400, "required", "name");
  fault({{"name", 5}, {"type", "outgoing"}}, 400, "wrong_type", "name");
  fault({{"name", std::string(256, 'x')}, {"type", "outgoing"}}, 400, "too_long", "name");
  fault({{"name", "x"}}, 400, "required", "type");
  fault({{"name", "x"}, {"type", "sideways"}}, 400, "invalid_type", "type");
  fault({{"name", "x"}, {"type", "outgoing"}, {"logo_url", "x.png"}}, 400, "invalid_url", "logo_url");
  fault({{"name", "x"}, {"type", "outgoing"}, {"config", {{"strategy", {{"type", "never"}}}}}}, 400, "invalid_strategy",
        "config.strategy.type");
  fault({{"name", "default"}, {"type", "outgoing"}}, 400, "duplicate", "name");
  expect_problem(client().call(http::verb::post, "/projects", ""), 400, "body_required");
  expect_problem(client().get("/projects?orgID=01JQZZZZZZZZZZZZZZZZZZZZZZ"), 404, "not_found");
  EXPECT_EQ(database_.sql("SELECT count(*) FROM projects"), "1");
}

// Goal: an update merges the configuration and takes the next number; POST is the same. Method: two updates.
TEST_F(Projects, Update) {
  const auto shop = new_project("shop");
  const auto before = config_version(shop);
  const std::string path = "/projects/" + shop.project();
  auto data = Client::expect(
      202, shop.put(path, {{"name", "shop 2"},
                           {"config", {{"strategy", {{"type", "linear"}, {"duration", 7}, {"retry_count", 3}}}}}}));
  EXPECT_EQ(data["name"], "shop 2");
  EXPECT_EQ(data["config"]["strategy"], (Json{{"type", "linear"}, {"duration", 7}, {"retry_count", 3}}));
  EXPECT_GT(config_version(shop), before);
  data = Client::expect(202, shop.post(path, {{"name", "shop 2"}, {"config", {{"disable_endpoint", false}}}}));
  EXPECT_EQ(data["config"]["strategy"]["duration"], 7);
  EXPECT_FALSE(data["config"]["disable_endpoint"]);
  expect_problem(shop.put(path, {{"config", Json::object()}}), 400, "required", "name");
  expect_problem(shop.put(path, {{"name", "default"}}), 400, "duplicate", "name");
  EXPECT_EQ(Client::expect(200, shop.get(path))["config"]["strategy"]["duration"], 7);
}

// Goal: a deleted project is gone at once, its key with it, and its name is free. Method: delete, use, make anew.
TEST_F(Projects, Delete) {
  const auto shop = new_project("shop");
  const auto before = config_version(shop);
  shop.endpoint();
  EXPECT_EQ(Client::expect(200, client().remove("/projects/" + shop.project())), Json());
  EXPECT_GT(config_version(shop), before);
  expect_problem(shop.get("endpoints"), 401, "authorization_failed");
  expect_problem(client().get("/projects/" + shop.project()), 404, "not_found");
  expect_problem(client().get("/projects/" + shop.project() + "/endpoints"), 404, "not_found");
  expect_problem(client().remove("/projects/" + shop.project()), 404, "not_found");
  new_project("shop");
}

// Goal: bootstrap keeps organisation and project, replaces its key, and every project of the organisation sees that.
// Method: run it again.
TEST_F(Projects, BootstrapAgain) {
  const auto shop = new_project("shop");
  const auto before = config_version(shop);
  const auto again = bootstrap();
  EXPECT_EQ(again.organisation, made_.organisation);
  EXPECT_EQ(again.project, made_.project);
  EXPECT_NE(again.key.reveal(), made_.key.reveal());
  EXPECT_GT(config_version(shop), before);
  EXPECT_EQ(database_.sql("SELECT count(*) FROM projects"), "2");
  EXPECT_EQ(database_.sql("SELECT count(*) FROM api_keys WHERE name = 'bootstrap' AND deleted_at IS NULL"), "1");
  const auto deadline = Steady::now() + std::chrono::seconds(10);  // the old key may be remembered for a moment
  while (client().get("endpoints").status != 401) ASSERT_LT(Steady::now(), deadline);
  EXPECT_EQ(Client(app_->port(), again.key.reveal(), to_text(again.project)).get("endpoints").status, 200);
}

}  // namespace
}  // namespace fairlead::testing
