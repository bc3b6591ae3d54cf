// A control world whose database holds events and deliveries as a data plane writes them.
#pragma once

#include "common/store/config_snapshot.hpp"
#include "common/store/ingest.hpp"
#include "common/store/queue.hpp"
#include "common/store/results.hpp"
#include "tests/integration/control_plane/control_world.hpp"

namespace fairlead::testing {

class EventWorld : public ControlWorld {
 protected:
  struct Target {
    EndpointId endpoint;
    SubscriptionId subscription;
  };
  struct EventWish {
    std::string type = "invoice.paid";
    std::string body = R"({"amount":1.10,"big":123456789012345678901234567890})";
    std::string key = "";
    std::string owner = "";
    std::string headers = "";
    std::vector<Target> targets = {};
    std::string discard_reason = "";
    bool is_addressed = false;  // to the first target's endpoint
    bool is_pending = false;
  };

  static Target target_of(const Json& endpoint, const Json& subscription) {
    return {parse_id<EndpointTag>(endpoint["uid"].get<std::string>()).value(),
            parse_id<SubscriptionTag>(subscription["uid"].get<std::string>()).value()};
  }
  // An endpoint with its subscription.
  static Target make_target(const Client& client, Json endpoint = Json::object(), Json subscription = Json::object()) {
    const auto made = client.endpoint(std::move(endpoint));
    return target_of(made, client.subscription(made["uid"].get<std::string>(), std::move(subscription)));
  }

  // Commits the event as a data plane would; its deliveries are in its own order.
  store::NewEvent commit(const Client& client, const EventWish& wish, TimePoint at = wall_now()) {
    auto content = std::make_shared<EventContent>();
    content->event_type = wish.type;
    content->body = std::make_shared<const std::string>(wish.body);
    content->idempotency_key = wish.key;
    content->headers_json = wish.headers;
    store::NewEvent event{.id = EventId{ids_.next(at)}, .project = parse_id<ProjectTag>(client.project()).value()};
    event.config_version = config_version(client);
    event.content = std::move(content);
    event.owner_id = wish.owner;
    event.is_pending = wish.is_pending;
    if (wish.is_addressed) event.endpoint = wish.targets.front().endpoint;
    for (const auto& target : wish.targets) {
      event.deliveries.push_back({.id = store::make_delivery_id(event.id, event.id, target.subscription),
                                  .subscription = target.subscription,
                                  .endpoint = target.endpoint,
                                  .lane = store::lane_of(target.endpoint.bytes, 64),
                                  .discard_reason = wish.discard_reason});
    }
    const store::IngestBatch batch{.received_at = at, .events = {&event}};
    const auto answers =
        connection_.run(store::TxKind::autocommit, [&](store::Tx& tx) { return store::commit_events(tx, batch); });
    EXPECT_TRUE(answers && answers->front().outcome == store::IngestOutcome::stored)
        << (answers ? "not stored" : answers.error().message);
    return event;
  }

  // Records one attempt; without `next` it is final.
  void record(const store::NewEvent& event, std::size_t index, DeliveryStatus status, int n, TimePoint due,
              std::optional<TimePoint> next, store::AttemptRecord attempt) {
    const auto& delivery = event.deliveries[index];
    const store::DeliveryResult result{.row = {.lane = delivery.lane,
                                               .project = event.project,
                                               .endpoint = delivery.endpoint,
                                               .delivery = delivery.id,
                                               .event = event.id,
                                               .subscription = delivery.subscription,
                                               .due = due,
                                               .attempt = n - 1},
                                       .status = status,
                                       .next_due = next,
                                       .attempts = n,
                                       .reason = status == DeliveryStatus::success ? "" : "it failed",
                                       .attempt = std::make_shared<store::AttemptRecord>(std::move(attempt))};
    const auto recorded = connection_.run(
        store::TxKind::autocommit, [&](store::Tx& tx) { return store::record_results(tx, {result}, wall_now()); });
    EXPECT_TRUE(recorded && recorded->size() == 1) << (recorded ? "not recorded" : recorded.error().message);
  }

  static store::AttemptRecord attempt(int status, const std::string& body) {
    const auto now = wall_now();
    return {.url = "https://hooks.example.com/in",
            .address = "203.0.113.9:443",
            .requested_at = now,
            .responded_at = status == 0 ? std::nullopt : std::optional(now),
            .status = status,
            .reason_phrase = status == 200 ? "OK" : "",
            .failure = status == 200 ? "none"
                       : status == 0 ? "connect_refused"
                                     : "http_status",
            .error = status == 0 ? "nobody listens" : "",
            .request_headers = {{"Content-Type", "application/json"}, {"X-Key", "***"}},
            .response_headers = status == 0
                                    ? store::HeaderList{}
                                    : store::HeaderList{{"Set-Cookie", "a"}, {"Server", "s"}, {"set-cookie", "b"}},
            .response_body = body};
  }

  static std::string day_of(TimePoint time) { return to_rfc3339(time).substr(0, 19); }

  store::Connection connection_ = database_.connect();
  IdMaker ids_;
};

inline Json ids_of(const Json& page) {
  Json all = Json::array();
  for (const auto& each : page["content"]) all.push_back(each["uid"]);
  return all;
}

}  // namespace fairlead::testing
