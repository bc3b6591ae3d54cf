#include "tests/integration/control_plane/event_world.hpp"

namespace fairlead::testing {
namespace {

using Deliveries = EventWorld;
using namespace std::chrono_literals;

std::string first_id(const store::NewEvent& event) { return to_text(event.deliveries.front().id); }

// Goal: each state is shown in words with its reason, and what the delivery carries of event and endpoint. Method: one
// of each state.
TEST_F(Deliveries, States) {
  const auto shop = client();
  const auto target = make_target(shop, {{"name", "billing"}, {"owner_id", "cust-7"}});
  const auto now = wall_now();
  const auto show = [&](const store::NewEvent& event) {
    return Client::expect(200, shop.get("eventdeliveries/" + first_id(event)));
  };
  const auto waiting = commit(shop, {.key = "k", .headers = R"({"X-A":"1"})", .targets = {target}}, now);
  auto shown = show(waiting);
  EXPECT_EQ(shown["status"], "Scheduled");
  EXPECT_FALSE(shown.contains("description"));
  EXPECT_EQ(shown["event_id"], to_text(waiting.id));
  EXPECT_EQ(shown["subscription_id"], to_text(target.subscription));
  EXPECT_EQ(shown["endpoint_metadata"]["name"], "billing");
  EXPECT_EQ(shown["endpoint_metadata"]["secrets"], Json());
  EXPECT_EQ(shown["event_metadata"]["event_type"], "invoice.paid");
  EXPECT_EQ(shown["headers"], (Json{{"X-A", {"1"}}}));
  EXPECT_EQ(shown["idempotency_key"], "k");
  EXPECT_EQ(shown["metadata"]["raw"], *waiting.content->body);
  EXPECT_EQ(shown["metadata"]["retry_limit"], 10);
  EXPECT_EQ(shown["metadata"]["strategy"], "exponential");
  EXPECT_EQ(shown["metadata"]["next_send_time"], to_rfc3339(now));

  const auto retried = commit(shop, {.targets = {target}}, now);
  record(retried, 0, DeliveryStatus::retry, 1, now, now + 5s, attempt(500, "no"));
  shown = show(retried);
  EXPECT_EQ(shown["status"], "Retry");
  EXPECT_EQ(shown["description"], "it failed");
  EXPECT_EQ(shown["metadata"]["num_trials"], 1);
  EXPECT_EQ(shown["metadata"]["next_send_time"], to_rfc3339(now + 5s));
  const auto succeeded = commit(shop, {.targets = {target}}, now);
  record(succeeded, 0, DeliveryStatus::success, 1, now, {}, attempt(200, "ok"));
  EXPECT_EQ(show(succeeded)["status"], "Success");
  EXPECT_GE(show(succeeded)["latency_seconds"].get<double>(), 0);
  const auto failed = commit(shop, {.targets = {target}}, now);
  record(failed, 0, DeliveryStatus::failure, 1, now, {}, attempt(0, ""));
  EXPECT_EQ(show(failed)["status"], "Failure");
  const auto discarded = commit(shop, {.targets = {target}, .discard_reason = "endpoint is disabled"}, now);
  EXPECT_EQ(show(discarded)["status"], "Discarded");
  EXPECT_EQ(show(discarded)["description"], "endpoint is disabled");
  shop.call(http::verb::put, "endpoints/" + to_text(target.endpoint) + "/pause");
  EXPECT_EQ(show(waiting)["description"], "endpoint is paused");
  EXPECT_EQ(show(retried)["description"], "it failed");
}

// Goal: an at-most-once delivery whose sending has begun is Processing; its subscription's own strategy is shown.
// Method: the start mark.
TEST_F(Deliveries, BegunIsProcessing) {
  const auto shop = client();
  const auto target = make_target(
      shop, Json::object(),
      {{"delivery_mode", "at_most_once"}, {"retry_config", {{"type", "linear"}, {"duration", 9}, {"retry_count", 2}}}});
  const auto now = wall_now();
  const auto event = commit(shop, {.targets = {target}}, now);
  const auto show = [&] { return Client::expect(200, shop.get("eventdeliveries/" + first_id(event))); };
  EXPECT_EQ(show()["status"], "Scheduled");
  EXPECT_EQ(show()["delivery_mode"], "at_most_once");
  EXPECT_EQ(show()["metadata"]["interval_seconds"], 9);
  EXPECT_EQ(show()["metadata"]["retry_limit"], 2);
  database_.sql("UPDATE queue SET attempt = -1");
  EXPECT_EQ(show()["status"], "Processing");
  EXPECT_EQ(Client::expect(200, shop.get("eventdeliveries"))["content"][0]["status"], "Processing");
}

// Goal: each filter selects what it says. Method: deliveries that differ in one thing each.
TEST_F(Deliveries, Filters) {
  const auto shop = new_project("shop", {{"multiple_endpoint_subscriptions", true}});
  const auto first = make_target(shop), second = make_target(shop);
  const auto now = wall_now();
  const auto both = commit(shop, {.type = "user.created", .key = "key-1", .targets = {first, second}}, now);
  const auto failed = commit(shop, {.targets = {first}}, now + 1ms);
  record(failed, 0, DeliveryStatus::failure, 1, now + 1ms, {}, attempt(500, ""));
  const auto gone = commit(shop, {.targets = {second}, .discard_reason = "endpoint is disabled"}, now + 2ms);
  const auto list = [&](const std::string& query) {
    auto ids = ids_of(Client::expect(200, shop.get("eventdeliveries?" + query)));
    return std::set<std::string>(ids.begin(), ids.end());
  };
  using Ids = std::set<std::string>;
  const auto to_first = to_text(both.deliveries[0].id), to_second = to_text(both.deliveries[1].id);
  EXPECT_EQ(list(""), (Ids{to_first, to_second, first_id(failed), first_id(gone)}));
  EXPECT_EQ(list("endpointId=" + to_text(first.endpoint)), (Ids{to_first, first_id(failed)}));
  EXPECT_EQ(list("endpointId=" + to_text(first.endpoint) + "&endpointId=" + to_text(second.endpoint)).size(), 4U);
  EXPECT_EQ(list("eventId=" + to_text(both.id)), (Ids{to_first, to_second}));
  EXPECT_EQ(list("subscriptionId=" + to_text(second.subscription)), (Ids{to_second, first_id(gone)}));
  EXPECT_EQ(list("status=Failure"), Ids{first_id(failed)});
  EXPECT_EQ(list("status=Failure&status=Discarded"), (Ids{first_id(failed), first_id(gone)}));
  EXPECT_EQ(list("status=Scheduled"), (Ids{to_first, to_second}));
  EXPECT_EQ(list("status=Processing"), Ids{});
  EXPECT_EQ(list("eventType=user.created"), (Ids{to_first, to_second}));
  EXPECT_EQ(list("event_type=user.created&endpointId=" + to_text(second.endpoint)), Ids{to_second});
  EXPECT_EQ(list("idempotencyKey=key-1"), (Ids{to_first, to_second}));
  EXPECT_EQ(list("idempotencyKey=nobody"), Ids{});
  database_.sql("DELETE FROM idempotency_keys");
  EXPECT_EQ(list("idempotencyKey=key-1"), (Ids{to_first, to_second})) << "also when the key has expired";
  EXPECT_EQ(list("endDate=" + day_of(now - 2s)), Ids{});
  expect_problem(shop.get("eventdeliveries?status=Lost"), 400, "invalid_status", "status");
}

// Goal: pages both ways, also where failures are read by their own list. Method: five failures among successes, two a
// page.
TEST_F(Deliveries, Pages) {
  const auto shop = client();
  const auto target = make_target(shop);
  const auto start = wall_now();
  std::vector<std::string> failures;
  for (int number = 0; number < 5; ++number) {
    const auto at = start + number * 2ms;
    record(commit(shop, {.targets = {target}}, at), 0, DeliveryStatus::success, 1, at, {}, attempt(200, ""));
    const auto failed = commit(shop, {.targets = {target}}, at + 1ms);
    record(failed, 0, DeliveryStatus::failure, 1, at + 1ms, {}, attempt(500, ""));
    failures.push_back(first_id(failed));
  }
  const auto list = [&](const std::string& query) {
    return Client::expect(200, shop.get("eventdeliveries?status=Failure&perPage=2&" + query));
  };
  auto page = list("");
  EXPECT_EQ(ids_of(page), (Json{failures[4], failures[3]}));
  page = list("next_page_cursor=" + page["pagination"]["next_page_cursor"].get<std::string>());
  EXPECT_EQ(ids_of(page), (Json{failures[2], failures[1]}));
  EXPECT_TRUE(page["pagination"]["has_prev_page"]);
  page = list("direction=prev&prev_page_cursor=" + failures[2]);
  EXPECT_EQ(ids_of(page), (Json{failures[4], failures[3]}));
  EXPECT_EQ(ids_of(list("sort=ASC")), (Json{failures[0], failures[1]}));
  EXPECT_EQ(Client::expect(200, shop.get("eventdeliveries?perPage=4"))["content"].size(), 4U);
}

// Goal: attempts are shown oldest first, each under an id that finds it again, with the status always there. Method:
// two attempts.
TEST_F(Deliveries, Attempts) {
  const auto shop = client();
  const auto now = wall_now();
  const auto event = commit(shop, {.targets = {make_target(shop)}}, now);
  record(event, 0, DeliveryStatus::retry, 1, now, now + 1s, attempt(0, ""));
  record(event, 0, DeliveryStatus::success, 2, now + 1s, {}, attempt(200, "ok\xff"));
  const std::string path = "eventdeliveries/" + first_id(event) + "/deliveryattempts";
  const auto attempts = Client::expect(200, shop.get(path));
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_FALSE(attempts[0]["status"].get<bool>());
  EXPECT_EQ(attempts[0]["responded_at"], Json());
  EXPECT_EQ(attempts[0]["error"], "nobody listens");
  EXPECT_EQ(attempts[0]["failure"], "connect_refused");
  EXPECT_FALSE(attempts[0].contains("http_status"));
  EXPECT_TRUE(attempts[1]["status"].get<bool>());
  EXPECT_EQ(attempts[1]["http_status"], "200 OK");
  EXPECT_EQ(attempts[1]["response_data"], "ok\xEF\xBF\xBD");
  EXPECT_EQ(attempts[1]["ip_address"], "203.0.113.9");
  EXPECT_EQ(attempts[1]["request_http_header"], (Json{{"Content-Type", "application/json"}, {"X-Key", "***"}}));
  EXPECT_EQ(attempts[1]["response_http_header"], (Json{{"Set-Cookie", "a, b"}, {"Server", "s"}}));
  EXPECT_EQ(attempts[1]["msg_id"], first_id(event));
  for (const auto& each : attempts)
    EXPECT_EQ(Client::expect(200, shop.get(path + "/" + each["uid"].get<std::string>())), each);
  expect_problem(shop.get(path + "/01JQZZZZZZZZZZZZZZZZZZZZZZ"), 404, "not_found");
  expect_problem(new_project("other").get(path), 404, "not_found");
  expect_problem(new_project("another").get(path + "/" + attempts[0]["uid"].get<std::string>()), 404, "not_found");
}

}  // namespace
}  // namespace fairlead::testing
