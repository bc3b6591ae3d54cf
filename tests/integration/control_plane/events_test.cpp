#include "tests/integration/control_plane/event_world.hpp"

namespace fairlead::testing {
namespace {

using Events = EventWorld;
using namespace std::chrono_literals;

// Goal: an event is shown with its payload byte for byte, its headers as arrays, what it met, and its state. Method:
// one of each state.
TEST_F(Events, Show) {
  const auto shop = client();
  const auto target = make_target(shop);
  const auto event = commit(shop, {.key = "inv-1", .headers = R"({"X-A":"1"})", .targets = {target}});
  const auto answer = shop.get("events/" + to_text(event.id));
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("data":{"amount":1.10,"big":123456789012345678901234567890})"), std::string::npos)
      << answer.body;
  const auto shown = answer.data();
  EXPECT_EQ(shown["event_type"], "invoice.paid");
  EXPECT_EQ(shown["headers"], (Json{{"X-A", {"1"}}}));
  EXPECT_EQ(shown["endpoints"], Json{to_text(target.endpoint)});
  EXPECT_EQ(shown["idempotency_key"], "inv-1");
  EXPECT_EQ(shown["status"], "Success");
  EXPECT_FALSE(shown.contains("failure_reason"));
  EXPECT_EQ(shown["source_metadata"]["uid"], "");
  const auto unmatched = shop.get("events/" + to_text(commit(shop, {}).id)).data();
  EXPECT_EQ(unmatched["status"], "Success");
  EXPECT_EQ(unmatched["failure_reason"], "no subscription matched");
  EXPECT_EQ(unmatched["endpoints"], Json::array());
  EXPECT_EQ(shop.get("events/" + to_text(commit(shop, {.is_pending = true}).id)).data()["status"], "Processing");
  const auto addressed = commit(shop, {.targets = {target}, .is_addressed = true});
  EXPECT_EQ(shop.get("events/" + to_text(addressed.id)).data()["endpoints"], Json{to_text(target.endpoint)});
}

// Goal: pages both ways in both orders. Method: five events, two a page.
TEST_F(Events, Pages) {
  const auto shop = client();
  std::vector<std::string> ids;
  for (int number = 0; number < 5; ++number) ids.push_back(to_text(commit(shop, {}).id));
  const auto list = [&](const std::string& query) { return Client::expect(200, shop.get("events?" + query)); };
  auto page = list("perPage=2");
  EXPECT_EQ(ids_of(page), (Json{ids[4], ids[3]}));
  EXPECT_EQ(page["pagination"]["next_page_cursor"], ids[2]);
  page = list("perPage=2&next_page_cursor=" + ids[2]);
  EXPECT_EQ(ids_of(page), (Json{ids[2], ids[1]}));
  EXPECT_TRUE(page["pagination"]["has_prev_page"]);
  EXPECT_EQ(ids_of(list("perPage=2&direction=prev&prev_page_cursor=" + ids[2])), (Json{ids[4], ids[3]}));
  page = list("perPage=2&sort=ASC");
  EXPECT_EQ(ids_of(page), (Json{ids[0], ids[1]}));
  EXPECT_FALSE(page["pagination"]["has_prev_page"]);
  page = list("perPage=2&sort=asc&next_page_cursor=" + ids[2]);
  EXPECT_EQ(ids_of(page), (Json{ids[2], ids[3]}));
  EXPECT_TRUE(page["pagination"]["has_prev_page"]);
  EXPECT_EQ(ids_of(list("perPage=2&sort=asc&direction=prev&prev_page_cursor=" + ids[3])), (Json{ids[1], ids[2]}));
}

// Goal: each filter selects what it says, and filters combine. Method: events that differ in one thing each.
TEST_F(Events, Filters) {
  const auto shop = client();
  const auto first = make_target(shop, {{"owner_id", "ada"}}), second = make_target(shop);
  const auto id = [](const store::NewEvent& event) { return to_text(event.id); };
  const auto matched = id(commit(shop, {.type = "user.created", .key = "key-1", .targets = {first}}));
  const auto addressed = id(commit(shop, {.targets = {second}, .is_addressed = true}));
  const auto owned = id(commit(shop, {.owner = "ada"}));
  const auto owners = id(commit(shop, {.targets = {first}, .is_addressed = true}));
  const auto list = [&](const std::string& query) { return ids_of(Client::expect(200, shop.get("events?" + query))); };
  EXPECT_EQ(list("idempotencyKey=key-1"), Json{matched});
  EXPECT_EQ(list("endpointId=" + to_text(first.endpoint)), (Json{owners, matched}));
  EXPECT_EQ(list("endpointId=" + to_text(second.endpoint)), Json{addressed});
  EXPECT_EQ(list("endpointId[]=" + to_text(first.endpoint) + "&endpointId[]=" + to_text(second.endpoint)),
            (Json{owners, addressed, matched}));
  EXPECT_EQ(list("ownerId=ada"), (Json{owners, owned}));
  EXPECT_EQ(list("query=USER.CR"), Json{matched});
  EXPECT_EQ(list("query=KEY-"), Json{matched});
  EXPECT_EQ(list("query=" + addressed), Json{addressed});
  EXPECT_EQ(list("query=%25"), Json::array());
  EXPECT_EQ(list("query=user&endpointId=" + to_text(second.endpoint)), Json::array());
  EXPECT_EQ(list("endpointId=nonsense"), Json::array());
  EXPECT_EQ(list("sourceId=x"), Json::array());
  EXPECT_EQ(list("sourceId="), (Json{owners, owned, addressed, matched}));
  EXPECT_EQ(list("body=%7B%22amount%22:1.1%7D&idempotencyKey=key-1"), Json{matched});
  expect_problem(shop.get("events?body=1"), 400, "invalid_search", "body");
}

// Goal: dates are inclusive to the second, and without them the last seven days are shown. Method: events now and some
// days ago.
TEST_F(Events, Dates) {
  const auto shop = client();
  const auto now = wall_now(), yesterday = now - 24h;
  const auto old = to_text(commit(shop, {}, yesterday).id), recent = to_text(commit(shop, {}, now).id);
  const auto list = [&](const std::string& query) { return ids_of(Client::expect(200, shop.get("events?" + query))); };
  EXPECT_EQ(list(""), (Json{recent, old}));
  EXPECT_EQ(list("startDate=" + day_of(yesterday) + "&endDate=" + day_of(yesterday)), Json{old});
  EXPECT_EQ(list("startDate=" + day_of(yesterday + 1s)), Json{recent});
  EXPECT_EQ(list("endDate=" + day_of(yesterday - 1s)), Json::array());
  EXPECT_EQ(list("startDate=0001-01-01T00:00:00&endDate=0001-01-01T00:00:00"), (Json{recent, old}));
  expect_problem(shop.get("events?startDate=2026-01-01"), 400, "invalid_date", "startDate");
  expect_problem(shop.get("events?startDate=2026-01-02T00:00:00&endDate=2026-01-01T00:00:00"), 400, "invalid_range",
                 "startDate");
}

// Goal: a page carries a bounded number of bytes, and the next one goes on without a gap. Method: three payloads that
// fit by twos.
TEST_F(Events, HeavyPagesEndEarly) {
  const auto shop = client();
  const std::string heavy = "\"" + std::string(3 * 1024 * 1024, 'x') + "\"";
  std::vector<std::string> ids;
  for (int number = 0; number < 3; ++number) ids.push_back(to_text(commit(shop, {.body = heavy}).id));
  const auto page = Client::expect(200, shop.get("events"));
  EXPECT_EQ(ids_of(page), (Json{ids[2], ids[1]}));
  EXPECT_TRUE(page["pagination"]["has_next_page"]);
  const auto rest = Client::expect(
      200, shop.get("events?next_page_cursor=" + page["pagination"]["next_page_cursor"].get<std::string>()));
  EXPECT_EQ(ids_of(rest), Json{ids[0]});
}

// Goal: a payload that is no JSON is shown as text and breaks nothing. Method: raw bytes.
TEST_F(Events, OpaquePayload) {
  const auto shop = client();
  const auto event = commit(shop, {.body = "a=\xff&b"});
  const auto shown = Client::expect(200, shop.get("events/" + to_text(event.id)));
  EXPECT_EQ(shown["data"], Json());
  EXPECT_EQ(shown["raw"], "a=\xEF\xBF\xBD&b");
}

// Goal: a list that takes too long ends in time with 504. Method: another session holds the table.
TEST_F(Events, TimeoutOfAList) {
  const auto shop = client();
  EXPECT_EQ(shop.get("events").status, 200);
  pqxx::connection blocker(database_.url());
  pqxx::work lock(blocker);
  lock.exec("LOCK TABLE events IN ACCESS EXCLUSIVE MODE");
  expect_problem(shop.get("events"), 504, "timeout");
  lock.abort();
  EXPECT_EQ(shop.get("events").status, 200);
}

}  // namespace
}  // namespace fairlead::testing
