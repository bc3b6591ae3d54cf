#include "control_plane/resources/deliveries.hpp"

#include <array>

#include "common/store/attempts.hpp"
#include "common/store/deliveries.hpp"
#include "common/store/events.hpp"
#include "common/store/projects.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/resources/attempt_json.hpp"
#include "control_plane/resources/delivery_json.hpp"
#include "control_plane/resources/payload_json.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

struct DeliveryKey {
  ProjectId project;
  DeliveryId id;
  RequestPtr request;  // who asks
};

Result<DeliveryKey> key_of(RequestPtr request) {
  FL_TRY(const auto id, request->id<DeliveryTag>("delivery", "event delivery"));
  return DeliveryKey{request->project(), id, std::move(request)};
}

// The delivery, if there is one and the caller reaches its endpoint's owner.
Result<store::StoredDelivery> get_reached(Tx& tx, const DeliveryKey& key) {
  FL_TRY(auto delivery, store::get_delivery(tx, key.project, key.id));
  if (!key.request->caller.reaches_owner(delivery.endpoint_brief.owner_id))
    return fail(Code::not_found, "event delivery not found");
  return delivery;
}

Result<void> parse_statuses(DeliveryList& list, const Query& query) {
  const auto names = query.all("status");
  for (const auto& name : names) {
    if (name == "Processing")
      continue;  // is in a data plane's memory: stored as Scheduled or Retry until it is recorded
    const auto status = delivery_status_from(name);
    if (!status)
      return bad_field("status", "invalid_status",
                       "status: expected Scheduled, Processing, Retry, Success, Failure or Discarded");
    list.filter.statuses.push_back(*status);
  }
  list.is_empty = list.is_empty || (!names.empty() && list.filter.statuses.empty());
  return {};
}

struct ReadList {
  Page<store::StoredDelivery> page;
  ProjectConfig::Strategy strategy;
};

Result<ReadList> read_list(Tx& tx, DeliveryList list) {
  ReadList read;
  FL_TRY(const auto project, store::get_project(tx, list.filter.project));
  read.strategy = ProjectConfig::from_stored(project.config).strategy();
  FL_TRY_VOID(resolve_key(tx, list));
  const auto slice = [&](const store::Keyset& keyset) -> Result<store::Walk<store::StoredDelivery>> {
    if (list.is_empty) return store::Walk<store::StoredDelivery>{};
    return store::list_deliveries(tx, list.filter, keyset);
  };
  FL_TRY(read.page, read_page<store::StoredDelivery>(list.page, slice));
  return read;
}

}  // namespace

Result<DeliveryList> parse_delivery_list(const Request& request) {
  const auto& query = request.query;
  DeliveryList list;
  FL_TRY(list.page, parse_page(query, true));
  FL_TRY(const auto dates, parse_dates(query, wall_now()));
  narrow_to(list.page, dates);
  list.filter = {.project = request.project(), .start = dates.start, .end = dates.end, .bytes_max = page_bytes_max};
  for (const auto& text : query.all("endpointId"))
    list.filter.endpoints.push_back(parse_id<EndpointTag>(text).value_or(EndpointId{}));
  if (const auto text = query.first("eventId")) list.filter.event = parse_id<EventTag>(*text).value_or(EventId{});
  if (const auto text = query.first("subscriptionId"))
    list.filter.subscription = parse_id<SubscriptionTag>(*text).value_or(SubscriptionId{});
  list.filter.owner_id = request.caller.owner_id();
  list.filter.event_type = query.first("eventType").value_or(query.first("event_type").value_or(""));
  list.idempotency_key = query.first("idempotencyKey").value_or("");
  list.is_empty = query.first("brokerMessageId").has_value();  // there are no brokers yet
  FL_TRY_VOID(parse_statuses(list, query));
  return list;
}

Result<void> resolve_key(Tx& tx, DeliveryList& list) {
  if (list.idempotency_key.empty()) return {};
  FL_TRY(const auto event,
         store::find_event_by_key(tx, list.filter.project, list.idempotency_key, {list.page.low, list.page.high}));
  list.is_empty = list.is_empty || !event || (list.filter.event && *list.filter.event != *event);
  list.filter.event = event;
  return {};
}

Task<Result<Response>> list_deliveries(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto list, parse_delivery_list(*request));
  FL_CO_TRY(const auto read, co_await context.lists.run(TxKind::snapshot, &read_list, list));
  co_return net::success(net::http::status::ok, "Event deliveries",
                         page_json(read.page, [&](JsonWriter& json, const store::StoredDelivery& delivery) {
                           write_delivery(json, delivery, read.strategy, content_view(request->caller));
                         }));
}

Task<Result<Response>> show_delivery(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  const auto read = [key](Tx& tx) -> Result<std::string> {
    FL_TRY(const auto delivery, get_reached(tx, key));
    FL_TRY(const auto project, store::get_project(tx, key.project));
    JsonWriter json;
    write_delivery(json, delivery, ProjectConfig::from_stored(project.config).strategy(),
                   content_view(key.request->caller));
    return json.take();
  };
  FL_CO_TRY(const auto data, co_await context.db.run(TxKind::snapshot, read));
  co_return net::success(net::http::status::ok, "Event delivery", data);
}

Task<Result<Response>> list_attempts(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  const auto read = [key](Tx& tx) -> Result<std::vector<store::StoredAttempt>> {
    FL_TRY([[maybe_unused]] const auto delivery, get_reached(tx, key));
    return store::list_attempts(tx, key.project, key.id);
  };
  FL_CO_TRY(const auto attempts, co_await context.db.run(TxKind::snapshot, read));
  JsonWriter json;
  json.begin_array();
  for (const auto& attempt : attempts) write_attempt(json, attempt, key.project, content_view(request->caller));
  co_return net::success(net::http::status::ok, "Delivery attempts", json.end_array().take());
}

Task<Result<Response>> show_attempt(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(const auto id, request->id<AttemptTag>("attempt", "delivery attempt"));
  const auto read = [key, id](Tx& tx) -> Result<store::StoredAttempt> {
    if (key.request->caller.portal) FL_TRY_VOID(get_reached(tx, key));
    return store::get_attempt(tx, key.project, key.id, id);
  };
  FL_CO_TRY(const auto attempt, co_await context.db.run(TxKind::snapshot, read));
  JsonWriter json;
  write_attempt(json, attempt, key.project, content_view(request->caller));
  co_return net::success(net::http::status::ok, "Delivery attempt", json.take());
}

}  // namespace fairlead::control
