#include "tests/integration/control_plane/control_world.hpp"

namespace fairlead::testing {
namespace {

using Endpoints = ControlWorld;

std::string uid(const Json& object) { return object["uid"].get<std::string>(); }

// Goal: a new endpoint has its defaults and a secret in both spellings, is shown the same again, and took a number.
// Method: the least.
TEST_F(Endpoints, CreateAndShow) {
  const auto shop = client();
  const auto version = config_version(shop);
  const auto made = shop.endpoint();
  EXPECT_GT(config_version(shop), version);
  ASSERT_EQ(made["secrets"].size(), 1U);
  EXPECT_EQ(made["secrets"][0]["value"].get<std::string>().size(), 25U);
  EXPECT_TRUE(made["secrets"][0]["whsec"].get<std::string>().starts_with("whsec_"));
  EXPECT_EQ(made["secrets"][0]["expires_at"], Json());
  EXPECT_EQ(made["status"], "active");
  EXPECT_TRUE(made["advanced_signatures"]);
  EXPECT_EQ(made["http_timeout"], 0);
  EXPECT_EQ(made["authentication"], Json());
  EXPECT_EQ(made["content_type"], "application/json");
  EXPECT_EQ(made["deleted_at"], Json());
  EXPECT_FALSE(made.contains("owner_id"));
  EXPECT_EQ(Client::expect(200, shop.get("endpoints/" + uid(made))), made);
}

// Goal: nothing secret lies in the table in clear, and what lies there opens for its own row only. Method: search the
// row's text.
TEST_F(Endpoints, SecretsAreSealedAtRest) {
  const auto shop = client();
  const auto made = shop.endpoint(
      {{"secret", "signing-secret-marker"},
       {"authentication",
        {{"type", "basic_auth"}, {"basic_auth", {{"username", "user-marker"}, {"password", "password-marker"}}}}}});
  EXPECT_EQ(made["secrets"][0]["value"], "signing-secret-marker");
  EXPECT_EQ(made["authentication"],
            (Json{{"type", "basic_auth"}, {"basic_auth", {{"username", "user-marker"}, {"password", "[REDACTED]"}}}}));
  const auto row = database_.sql("SELECT endpoints::text FROM endpoints");
  for (const char* marker :
       {"signing-secret-marker", "user-marker", "password-marker", "c2lnbmluZy1zZWNyZXQtbWFya2Vy"}) {
    EXPECT_EQ(row.find(marker), std::string::npos) << marker;
  }
  EXPECT_EQ(
      database_.sql("SELECT jsonb_typeof(secrets -> 0 -> 'sealed') || (authentication ->> 'type') FROM endpoints"),
      "stringbasic_auth");
}

// Goal: what is missing, wrong or not supported yet is named, and nothing is stored. Method: one fault at a time.
TEST_F(Endpoints, NamesTheFieldAtFault) {
  const auto shop = client();
  const auto fault = [&](Json body, const char* code, const char* field) {
    if (!body.contains("name")) body["name"] = "n";
    if (!body.contains("url")) body["url"] = "https://hooks.example.com/in";
    expect_problem(shop.post("endpoints", body), 400, code, field);
  };
  fault({{"name", nullptr}}, "required", "name");
  fault({{"name", 5}}, "wrong_type", "name");
  fault({{"url", ""}}, "required", "url");
  fault({{"url", "nonsense"}}, "invalid_url", "url");
  fault({{"url", "http://127.0.0.1/"}}, "address_refused", "url");
  fault({{"url", "https://hooks.example.com:5432/"}}, "port_refused", "url");
  fault({{"owner_id", 1}}, "wrong_type", "owner_id");
  fault({{"http_timeout", "10s"}}, "wrong_type", "http_timeout");
  fault({{"http_timeout", 61}}, "out_of_range", "http_timeout");
  fault({{"http_timeout", -1}}, "out_of_range", "http_timeout");
  fault({{"rate_limit", 1.5}}, "wrong_type", "rate_limit");
  fault({{"rate_limit", -1}}, "out_of_range", "rate_limit");
  fault({{"rate_limit_duration", 86401}}, "out_of_range", "rate_limit_duration");
  fault({{"advanced_signatures", "yes"}}, "wrong_type", "advanced_signatures");
  fault({{"support_email", "nobody"}}, "invalid_email", "support_email");
  fault({{"slack_webhook_url", "http://10.0.0.1/x"}}, "address_refused", "slack_webhook_url");
  fault({{"secret", std::string(300, 'x')}}, "too_long", "secret");
  fault({{"content_type", "text/xml"}}, "invalid_content_type", "content_type");
  fault({{"mtls_client_cert", {{"client_cert", "x"}, {"client_key", "y"}}}}, "invalid_certificate",
        "mtls_client_cert.client_cert");
  fault({{"authentication", {{"type", "oauth2"}}}}, "required", "authentication.oauth2");
  fault({{"authentication", {{"type", "key"}}}}, "invalid_type", "authentication.type");
  fault({{"authentication", {{"type", "api_key"}}}}, "required", "authentication.api_key");
  const auto key = [](const char* name, const char* value) {
    return Json{
        {"authentication", {{"type", "api_key"}, {"api_key", {{"header_name", name}, {"header_value", value}}}}}};
  };
  fault(key("", "v"), "required", "authentication.api_key.header_name");
  fault(key("a b", "v"), "invalid_header", "authentication.api_key.header_name");
  fault(key("Content-Length", "v"), "reserved_header", "authentication.api_key.header_name");
  fault(key("x-convoy-signature", "v"), "reserved_header", "authentication.api_key.header_name");
  fault(key("X-Key", "a\r\nX-Other: b"), "invalid_header", "authentication.api_key.header_value");
  fault(key("X-Key", "[REDACTED]"), "required", "authentication.api_key.header_value");
  EXPECT_EQ(database_.sql("SELECT count(*) FROM endpoints"), "0");
}

// Goal: a project that enforces https refuses http. Method: on create and on update.
TEST_F(Endpoints, EnforcedHttps) {
  const auto shop = new_project("strict", {{"ssl", {{"enforce_secure_endpoints", true}}}});
  expect_problem(shop.post("endpoints", {{"name", "n"}, {"url", "http://hooks.example.com/"}}), 400, "https_required",
                 "url");
  const auto made = shop.endpoint();
  expect_problem(shop.put("endpoints/" + uid(made), {{"name", "n"}, {"url", "http://hooks.example.com/"}}), 400,
                 "https_required", "url");
}

// Goal: an update keeps what is absent and clears what is null; a redacted credential stays the one that it was.
// Method: full, least, nulls.
TEST_F(Endpoints, UpdateKeepsAndClears) {
  const auto shop = client();
  const auto made = shop.endpoint(
      {{"owner_id", "cust-7"},
       {"description", "d"},
       {"rate_limit", 100},
       {"rate_limit_duration", 60},
       {"http_timeout", 15},
       {"support_email", "a@b.example"},
       {"secret", "first-secret"},
       {"authentication", {{"type", "api_key"}, {"api_key", {{"header_name", "X-Key"}, {"header_value", "v1"}}}}}});
  const std::string path = "endpoints/" + uid(made);
  auto body = Json{{"name", "renamed"}, {"url", "https://hooks.example.com/other"}, {"secret", "first-secret"}};
  auto changed = Client::expect(202, shop.put(path, body));
  for (const char* kept : {"owner_id", "description", "rate_limit", "rate_limit_duration", "http_timeout",
                           "support_email", "authentication", "secrets"}) {
    EXPECT_EQ(changed[kept], made[kept]) << kept;
  }
  EXPECT_EQ(changed["name"], "renamed");
  const auto sealed = database_.sql("SELECT authentication ->> 'sealed' FROM endpoints");
  body["authentication"] = changed["authentication"];
  changed = Client::expect(202, shop.put(path, body));
  EXPECT_EQ(changed["authentication"], made["authentication"]);
  const auto resealed = crypto::from_base64(database_.sql("SELECT authentication ->> 'sealed' FROM endpoints")).value();
  EXPECT_EQ(Json::parse(sealer_->open(resealed, uid(made)).value().reveal()),
            (Json{{"header_name", "X-Key"}, {"header_value", "v1"}}));
  for (const char* cleared : {"owner_id", "description", "rate_limit", "rate_limit_duration", "http_timeout",
                              "support_email", "authentication"}) {
    body[cleared] = nullptr;
  }
  changed = Client::expect(202, shop.put(path, body));
  EXPECT_FALSE(changed.contains("owner_id"));
  EXPECT_EQ(changed["description"], "");
  EXPECT_EQ(changed["rate_limit"], 0);
  EXPECT_EQ(changed["http_timeout"], 0);
  EXPECT_EQ(changed["authentication"], Json());
  body["secret"] = "another-secret";
  expect_problem(shop.put(path, body), 400, "secret_not_updatable", "secret");
  expect_problem(shop.put(path, {{"url", "https://hooks.example.com/"}}), 400, "required", "name");
}

// Goal: pause toggles, activate ends pause and automatic disabling and raises the generation, disabling is a state.
// Method: each way.
TEST_F(Endpoints, States) {
  const auto shop = client();
  const auto made = shop.endpoint();
  const std::string path = "endpoints/" + uid(made),
                    row = "'" + to_uuid(parse_id<EndpointTag>(uid(made)).value()) + "'";
  const auto status = [&] { return shop.get(path).data()["status"].get<std::string>(); };
  EXPECT_EQ(Client::expect(202, shop.call(http::verb::put, path + "/pause", "\"{}\""))["status"], "paused");
  EXPECT_EQ(Client::expect(202, shop.call(http::verb::put, path + "/pause"))["status"], "active");
  expect_problem(shop.call(http::verb::post, path + "/activate"), 400, "endpoint_active");
  database_.sql(
      "INSERT INTO endpoint_state (project_id, endpoint_id, lane, status, reason, generation, breaker_open_until, "
      "updated_at) SELECT project_id, id, 0, "
      "'inactive', 'gone', generation, now() + interval '1 hour', now() FROM endpoints WHERE id = " +
      row);
  EXPECT_EQ(status(), "inactive");
  EXPECT_EQ(shop.get(path).data()["status_reason"], "gone");
  EXPECT_EQ(shop.get(path).data()["cb_state"], "open");
  expect_problem(shop.call(http::verb::put, path + "/pause"), 400, "endpoint_inactive");
  EXPECT_EQ(Client::expect(202, shop.call(http::verb::post, path + "/activate"))["status"], "active");
  EXPECT_EQ(database_.sql("SELECT generation FROM endpoints WHERE id = " + row), "2");
  const Json least{{"name", "n"}, {"url", "https://hooks.example.com/"}};
  auto body = least;
  body["is_disabled"] = true;
  EXPECT_EQ(Client::expect(202, shop.put(path, body))["status"], "inactive");
  EXPECT_EQ(Client::expect(202, shop.put(path, least))["status"], "inactive");
  body["is_disabled"] = false;
  EXPECT_EQ(Client::expect(202, shop.put(path, body))["status"], "active");
  EXPECT_EQ(shop.endpoint({{"is_disabled", true}})["status"], "inactive");
}

// Goal: a rotation appends the new secret and ends the old one so many hours from now, to the second. Method: rotate,
// look at both.
TEST_F(Endpoints, ExpireSecret) {
  const auto shop = client();
  const auto made = shop.endpoint({{"secret", "old"}});
  const std::string path = "endpoints/" + uid(made) + "/expire_secret";
  const auto before = wall_now();
  auto changed = Client::expect(200, shop.put(path, {{"secret", "new"}, {"expiration", 2}}));
  ASSERT_EQ(changed["secrets"].size(), 2U);
  EXPECT_EQ(changed["secrets"][0]["value"], "old");
  EXPECT_EQ(changed["secrets"][1]["value"], "new");
  EXPECT_EQ(changed["secrets"][1]["expires_at"], Json());
  const auto expires_at = parse_time(changed["secrets"][0]["expires_at"].get<std::string>()).value();
  EXPECT_GE(expires_at, before + std::chrono::hours(2));
  EXPECT_LE(expires_at, wall_now() + std::chrono::hours(2));
  changed = Client::expect(200, shop.put(path, {{"expiration", 0}}));
  ASSERT_EQ(changed["secrets"].size(), 2U) << "ended at once: old still has its hours, new is gone";
  EXPECT_EQ(changed["secrets"][0]["value"], "old");
  EXPECT_EQ(parse_time(changed["secrets"][0]["expires_at"].get<std::string>()).value(), expires_at);
  expect_problem(shop.put(path, Json::object()), 400, "required", "expiration");
  expect_problem(shop.put(path, {{"expiration", -1}}), 400, "out_of_range", "expiration");
  expect_problem(shop.put(path, {{"expiration", "1h"}}), 400, "wrong_type", "expiration");
  for (int round = 0; round < 8; ++round) EXPECT_EQ(shop.put(path, {{"expiration", 1}}).status, 200);
  expect_problem(shop.put(path, {{"expiration", 1}}), 400, "too_many_secrets");
}

// Goal: deleting takes the subscriptions along. Method: both are gone, as tombstones with the change's number.
TEST_F(Endpoints, DeleteTakesSubscriptionsAlong) {
  const auto shop = client();
  const auto made = shop.endpoint();
  const auto subscription = shop.subscription(uid(made));
  EXPECT_EQ(Client::expect(200, shop.remove("endpoints/" + uid(made))), Json());
  expect_problem(shop.get("endpoints/" + uid(made)), 404, "not_found");
  expect_problem(shop.get("subscriptions/" + uid(subscription)), 404, "not_found");
  expect_problem(shop.remove("endpoints/" + uid(made)), 404, "not_found");
  EXPECT_EQ(database_.sql("SELECT e.version = s.version AND e.version = p.config_version FROM endpoints e, "
                          "subscriptions s, projects p"),
            "t");
}

// Goal: pages both ways, filters by name and owner. Method: five endpoints, two a page.
TEST_F(Endpoints, ListPagesAndFilters) {
  const auto shop = client();
  Json newest = Json::array();
  for (int number = 1; number <= 5; ++number) {
    newest.insert(newest.begin(), uid(shop.endpoint({{"name", "Billing " + std::to_string(number)},
                                                     {"owner_id", number % 2 == 0 ? "even" : "odd"}})));
  }
  const auto list = [&](const std::string& query) { return Client::expect(200, shop.get("endpoints?" + query)); };
  const auto ids = [](const Json& page) {
    Json all = Json::array();
    for (const auto& each : page["content"]) all.push_back(each["uid"]);
    return all;
  };
  auto page = list("perPage=2");
  EXPECT_EQ(ids(page), (Json{newest[0], newest[1]}));
  EXPECT_EQ(page["pagination"], (Json{{"per_page", 2},
                                      {"has_next_page", true},
                                      {"has_prev_page", false},
                                      {"prev_page_cursor", newest[0]},
                                      {"next_page_cursor", newest[2]}}));
  page = list("perPage=2&direction=next&next_page_cursor=" + newest[2].get<std::string>());
  EXPECT_EQ(ids(page), (Json{newest[2], newest[3]}));
  EXPECT_TRUE(page["pagination"]["has_prev_page"]);
  page = list("perPage=2&direction=prev&prev_page_cursor=" + newest[2].get<std::string>());
  EXPECT_EQ(ids(page), (Json{newest[0], newest[1]}));
  EXPECT_TRUE(page["pagination"]["has_next_page"]);
  EXPECT_FALSE(page["pagination"]["has_prev_page"]);
  EXPECT_EQ(ids(list("ownerId=even")), (Json{newest[1], newest[3]}));
  EXPECT_EQ(ids(list("q=billing%203")), Json::array({newest[2]}));
  EXPECT_EQ(ids(list("query=BILLING%205&prev_page_cursor=&next_page_cursor=")), Json::array({newest[0]}));
  EXPECT_EQ(ids(list("q=%25")), Json::array());
  expect_problem(shop.get("endpoints?next_page_cursor=x"), 400, "invalid_cursor", "next_page_cursor");
}

// Goal: an older version pin changes names and durations. Method: create and show with one.
TEST_F(Endpoints, OlderVersions) {
  const auto shop = client();
  const RequestHeaders old{{"X-Convoy-Version", "2023-12-31"}};
  const auto made = Client::expect(201, shop.post("endpoints",
                                                  {{"name", "n"},
                                                   {"url", "https://hooks.example.com/"},
                                                   {"http_timeout", "15s"},
                                                   {"rate_limit_duration", "1m"}},
                                                  old));
  EXPECT_EQ(made["target_url"], "https://hooks.example.com/");
  EXPECT_EQ(made["title"], "n");
  EXPECT_EQ(made["http_timeout"], "15s");
  EXPECT_EQ(made["rate_limit_duration"], "1m0s");
  EXPECT_FALSE(made["advanced_signatures"]);
  EXPECT_FALSE(made.contains("url"));
  const auto now = Client::expect(200, shop.get("endpoints/" + uid(made)));
  EXPECT_EQ(now["http_timeout"], 15);
  EXPECT_EQ(now["name"], "n");
}

}  // namespace
}  // namespace fairlead::testing
