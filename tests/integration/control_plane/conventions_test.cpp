// What holds for every route: keys, envelopes, headers, isolation; and the admin port.
#include "tests/integration/control_plane/control_world.hpp"

namespace fairlead::testing {
namespace {

using Conventions = ControlWorld;

const std::vector<std::string>& unknown_paths() {
  static const std::vector<std::string> paths = {"endpoints/", "subscriptions/", "events/", "eventdeliveries/"};
  return paths;
}

// Goal: the health answer needs no key; every answer names its version and request. Method: with and without an id of
// the client's.
TEST_F(Conventions, HeadersOfEveryAnswer) {
  const auto health = exchange(app_->port(), http::verb::get, "/healthz", "", {{"X-Request-Id", "mine-1"}});
  EXPECT_EQ(health.status, 200);
  EXPECT_TRUE(health.json().at("status").get<bool>());
  EXPECT_EQ(health.headers.at("x-request-id"), "mine-1");
  EXPECT_EQ(health.headers.at("x-convoy-version"), "2025-11-24");
  EXPECT_EQ(health.headers.at("content-type"), "application/json");
  const auto refused =
      exchange(app_->port(), http::verb::get, "/api/v1/projects", "", {{"X-Convoy-Version", "2023-01-01"}});
  EXPECT_EQ(refused.headers.at("x-request-id").size(), 26U);
  EXPECT_EQ(refused.headers.at("x-convoy-version"), "2025-11-24");
  EXPECT_EQ(refused.json()["request_id"], refused.headers.at("x-request-id"));
}

// Goal: unknown routes, wrong verbs and foreign content types answer in the envelope. Method: one of each.
TEST_F(Conventions, PurelyHttpFaults) {
  expect_problem(client().get("/nothing"), 404, "no_such_route");
  const auto wrong = client().call(http::verb::patch, "/projects/" + client().project());
  expect_problem(wrong, 405, "method_not_allowed");
  EXPECT_EQ(wrong.headers.at("allow"), "GET, PUT, POST, DELETE");
  expect_problem(exchange(app_->port(), http::verb::get, "/api/v1/projects", "", {{"Content-Type", "text/xml"}}), 415,
                 "unsupported_media_type");
  EXPECT_EQ(client().get("endpoints/", {{"Content-Type", "application/json;charset=utf-8"}}).status, 200);
  expect_problem(client().get("endpoints?q=%ff"), 400, "invalid_query");
  expect_problem(client().get("endpoints?q=%00"), 400, "invalid_query");
}

// Goal: no key, no entry: neither other schemes nor unknown, expired or deleted keys. Method: each, the last two made
// so in the database.
TEST_F(Conventions, Keys) {
  const std::string path = "/api/v1/projects";
  expect_problem(exchange(app_->port(), http::verb::get, path, "", {}), 401, "authentication_required");
  expect_problem(exchange(app_->port(), http::verb::get, path, "", {{"Authorization", "Basic dTpw"}}), 401,
                 "authorization_failed");
  const std::string unknown = "Bearer CO.abcdefghijklmnop." + std::string(64, 'x');
  const auto refused = exchange(app_->port(), http::verb::get, path, "", {{"Authorization", unknown}});
  expect_problem(refused, 401, "authorization_failed");
  EXPECT_EQ(refused.headers.at("www-authenticate"), "Bearer");
  const auto expired = new_project("expired"), deleted = new_project("deleted");
  const auto change = [&](const Client& whose, const char* set) {
    database_.sql(std::string("UPDATE api_keys SET ") + set + " WHERE project_id = '" +
                  to_uuid(parse_id<ProjectTag>(whose.project()).value()) + "'");
  };
  change(expired, "expires_at = now() - interval '1 second'");
  change(deleted, "deleted_at = now()");
  expect_problem(expired.get("endpoints"), 401, "authorization_failed");
  expect_problem(deleted.get("endpoints"), 401, "authorization_failed");
}

// Goal: a key that was used before still ends within its memory. Method: used, deleted in the database, asked until
// refused.
TEST_F(Conventions, ARememberedKeyIsForgotten) {
  const auto shop = new_project("shop");
  EXPECT_EQ(shop.get("endpoints").status, 200);
  const auto deadline = Steady::now() + std::chrono::seconds(10);
  database_.sql("UPDATE api_keys SET deleted_at = now() WHERE project_id = '" +
                to_uuid(parse_id<ProjectTag>(shop.project()).value()) + "'");
  while (shop.get("endpoints").status != 401) ASSERT_LT(Steady::now(), deadline);
}

// Goal: another project's path and objects answer exactly like ids that nobody has. Method: both, with a project's key,
// by every verb.
TEST_F(Conventions, ForeignIsLikeUnknown) {
  const auto shop = new_project("shop"), other = new_project("other");
  const auto theirs = other.endpoint();
  const std::string foreign = theirs["uid"], random = "01JQZZZZZZZZZZZZZZZZZZZZZZ";
  const auto subscription = other.subscription(foreign);
  const auto same = [&](http::verb method, const std::string& one, const std::string& two,
                        const std::string& body = "") {
    auto first = shop.call(method, one, body), second = shop.call(method, two, body);
    EXPECT_EQ(first.status, 404) << one;
    auto first_json = first.json(), second_json = second.json();
    first_json.erase("request_id");
    second_json.erase("request_id");
    EXPECT_EQ(first_json, second_json) << one;
  };
  for (const char* rest : {"", "/endpoints", "/subscriptions", "/events", "/eventdeliveries", "/event-types"}) {
    same(http::verb::get, "/projects/" + other.project() + rest, "/projects/" + random + rest);
    same(http::verb::get, "/projects/" + other.project() + rest, "/projects/not-an-id" + std::string(rest));
  }
  const std::string update = R"({"name":"x","url":"https://hooks.example.com/"})";
  same(http::verb::get, "endpoints/" + foreign, "endpoints/" + random);
  same(http::verb::put, "endpoints/" + foreign, "endpoints/" + random, update);
  same(http::verb::delete_, "endpoints/" + foreign, "endpoints/" + random);
  same(http::verb::put, "endpoints/" + foreign + "/pause", "endpoints/" + random + "/pause");
  same(http::verb::post, "endpoints/" + foreign + "/activate", "endpoints/" + random + "/activate");
  same(http::verb::put, "endpoints/" + foreign + "/expire_secret", "endpoints/" + random + "/expire_secret",
       R"({"expiration":1})");
  const std::string theirs_id = subscription["uid"];
  same(http::verb::get, "subscriptions/" + theirs_id, "subscriptions/" + random);
  same(http::verb::put, "subscriptions/" + theirs_id, "subscriptions/" + random, R"({"name":"x"})");
  same(http::verb::delete_, "subscriptions/" + theirs_id, "subscriptions/" + random);
  same(http::verb::put, "subscriptions/" + theirs_id + "/toggle_status", "subscriptions/" + random + "/toggle_status");
  same(http::verb::post, "subscriptions", "subscriptions", Json{{"name", "s"}, {"endpoint_id", foreign}}.dump());
  EXPECT_EQ(shop.get("subscriptions?endpointId=" + foreign).data()["content"], Json::array());
  EXPECT_EQ(shop.get("endpoints?next_page_cursor=" + foreign).data()["content"], Json::array());
  for (const auto& path : unknown_paths()) expect_problem(shop.get(path + random), 404, "not_found");
  for (const auto& path : unknown_paths()) expect_problem(shop.get(path + "nonsense"), 404, "not_found");
  EXPECT_EQ(other.get("endpoints/" + foreign).status, 200);
}

// Goal: the admin port says that the process lives and is ready, and counts requests by route, never by id. Method:
// after one request.
TEST_F(Conventions, AdminPort) {
  EXPECT_EQ(client().get("endpoints/01JQZZZZZZZZZZZZZZZZZZZZZZ").status, 404);
  EXPECT_EQ(exchange(app_->admin_port(), http::verb::get, "/healthz", "", {}).status, 200);
  EXPECT_EQ(exchange(app_->admin_port(), http::verb::get, "/readyz", "", {}).status, 200);
  const auto metrics = exchange(app_->admin_port(), http::verb::get, "/metrics", "", {});
  EXPECT_NE(
      metrics.body.find(R"({method="GET",route="/api/v1/projects/{project}/endpoints/{endpoint}",status="4xx"} 1)"),
      std::string::npos)
      << metrics.body;
  EXPECT_EQ(metrics.body.find("01JQZZ"), std::string::npos);
  EXPECT_EQ(exchange(app_->admin_port(), http::verb::get, "/other", "", {}).status, 404);
  EXPECT_EQ(exchange(app_->port(), http::verb::get, "/metrics", "", {}).status, 404);
  app_->drain();
  EXPECT_EQ(exchange(app_->admin_port(), http::verb::get, "/readyz", "", {}).status, 503);
}

// Goal: readiness tells an older schema from a newer one. Method: the newest migration taken out of the list, then
// another put on it.
TEST_F(Conventions, ReadinessOfTheSchema) {
  database_.sql("UPDATE schema_migrations SET number = -1 WHERE number = (SELECT max(number) FROM schema_migrations)");
  expect_problem(exchange(app_->admin_port(), http::verb::get, "/readyz", "", {}), 503, "schema_too_old");
  database_.sql("INSERT INTO schema_migrations VALUES (9999, 'newer', 'x', now())");
  EXPECT_EQ(exchange(app_->admin_port(), http::verb::get, "/readyz", "", {}).status, 200);
}

// Goal: what fails inside is an internal error without inner text. Method: a table is renamed away.
TEST_F(Conventions, InnerTextNeverShows) {
  database_.sql("ALTER TABLE api_keys RENAME TO api_keys_hidden");
  const auto answer = client().get("endpoints");
  expect_problem(answer, 500, "internal");
  EXPECT_EQ(answer.body.find("api_keys"), std::string::npos) << "inner text must not show";
}

}  // namespace
}  // namespace fairlead::testing
