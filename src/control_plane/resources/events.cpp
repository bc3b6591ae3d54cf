#include "control_plane/resources/events.hpp"

#include "common/store/events.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/resources/payload_json.hpp"
#include "control_plane/services/event_search.hpp"
#include "control_plane/services/forwarder.hpp"
#include "control_plane/services/header_rules.hpp"
#include "control_plane/services/owner_scope.hpp"
#include "control_plane/services/portal_sender.hpp"
#include "control_plane/services/source_json.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

}  // namespace

void write_event(JsonWriter& json, const store::StoredEvent& event, const ContentView& view) {
  json.begin_object().field("uid", event.id).field("event_type", event.event_type).field("project_id", event.project);
  json.field("endpoints", event.endpoints);
  write_custom_headers(json, event.headers_json, view);
  if (event.source) json.field("source_id", event.source->id);
  write_source_brief(json, "source_metadata", view.is_customer ? std::nullopt : event.source);
  json.field("url_query_params", view.is_customer ? "" : event.url_query)
      .field("url_path", view.is_customer ? "" : event.url_path)
      .field("idempotency_key", event.idempotency_key)
      .field("is_duplicate_event", false);
  write_payload(json, event.body, false, view);
  json.field("status", event.matched_count ? "Success" : "Processing");
  if (event.matched_count == 0) json.field("failure_reason", "no subscription matched");
  json.field("acknowledged_at", event.received_at)
      .field("created_at", event.received_at)
      .field("updated_at", event.received_at);
  json.field("deleted_at", nullptr).end_object();
}

Result<EventList> parse_event_list(const Request& request) {
  const auto& query = request.query;
  EventList list;
  FL_TRY(list.page, parse_page(query, true));
  FL_TRY(const auto dates, parse_dates(query, wall_now()));
  narrow_to(list.page, dates);
  list.filter = {.project = request.project(), .start = dates.start, .end = dates.end, .bytes_max = page_bytes_max};
  for (const auto& text : query.all("endpointId"))
    list.filter.endpoints.push_back(parse_id<EndpointTag>(text).value_or(EndpointId{}));
  list.filter.idempotency_key = query.first("idempotencyKey").value_or("");
  list.filter.owner_id = query.first("ownerId").value_or("");
  for (const auto& text : query.all("sourceId"))
    list.filter.sources.push_back(parse_id<SourceTag>(text).value_or(SourceId{}));
  list.is_empty = query.first("brokerMessageId").has_value();  // nothing comes from brokers yet
  FL_TRY_VOID(apply_event_search(list.filter, query));
  if (!list.filter.payload_parts.empty() && !request.caller.may_see_payloads())
    return fail(Error{Code::forbidden, "this portal link does not show payloads", "capability_missing"});
  if (const auto id = id_from_text(list.filter.text_part)) {  // a whole id: that event
    list.filter.text_part.clear();
    list.is_empty = list.is_empty || *id < list.page.low || *id > list.page.high;
    list.page.low = list.page.high = *id;
  }
  return list;
}

Result<store::Walk<store::StoredEvent>> list_reached_events(Tx& tx, store::EventFilter filter, const Caller& caller,
                                                            const store::Keyset& slice) {
  if (!caller.portal) return store::list_events(tx, filter, slice);
  const auto owner = caller.owner_id();
  if (filter.endpoints.empty()) {
    filter.reached_owner = owner;
  } else {
    FL_TRY(const bool has_any, narrow_to_owner(tx, filter.project, owner, filter.endpoints));
    if (!has_any) return store::Walk<store::StoredEvent>{};
  }
  FL_TRY(auto events, store::list_events(tx, filter, slice));
  std::vector<EndpointId> shown;
  for (const auto& event : events.rows) shown.insert(shown.end(), event.endpoints.begin(), event.endpoints.end());
  if (!shown.empty()) FL_TRY_VOID(narrow_to_owner(tx, filter.project, owner, shown));
  for (auto& event : events.rows)
    std::erase_if(event.endpoints, [&](const auto& id) { return std::ranges::find(shown, id) == shown.end(); });
  return events;
}

Result<store::StoredEvent> get_reached_event(Tx& tx, const Request& request, const EventId& id) {
  if (!request.caller.portal) return store::get_event(tx, request.project(), id);
  store::EventFilter filter{.project = request.project(), .start = {}, .end = {}, .bytes_max = page_bytes_max};
  filter.end = std::chrono::sys_days{std::chrono::year{9999} / 1 / 1};
  FL_TRY(auto events, list_reached_events(tx, filter, request.caller, {id.bytes, id.bytes, true, 1}));
  if (events.rows.empty()) return fail(Code::not_found, "event not found");
  return std::move(events.rows.front());
}

Task<Result<Response>> list_events(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto list, parse_event_list(*request));
  const auto read = [list, request](Tx& tx) {
    return read_page<store::StoredEvent>(list.page,
                                         [&](const store::Keyset& slice) -> Result<store::Walk<store::StoredEvent>> {
                                           if (list.is_empty) return store::Walk<store::StoredEvent>{};
                                           return list_reached_events(tx, list.filter, request->caller, slice);
                                         });
  };
  FL_CO_TRY(const auto page, co_await context.lists.run(TxKind::snapshot, read));
  const auto view = content_view(request->caller);
  co_return net::success(
      net::http::status::ok, "Events",
      page_json(page, [&](JsonWriter& json, const store::StoredEvent& event) { write_event(json, event, view); }));
}

Task<Result<Response>> show_event(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto id, request->id<EventTag>("event", "event"));
  const auto read = [request, id](Tx& tx) { return get_reached_event(tx, *request, id); };
  FL_CO_TRY(const auto event, co_await context.db.run(TxKind::snapshot, read));
  JsonWriter json;
  write_event(json, event, content_view(request->caller));
  co_return net::success(net::http::status::ok, "Event", json.take());
}

// POST …/events, /fanout, /broadcast, /dynamic and /batch: the data plane's answer, whatever it is. A portal's customer
// sends to single endpoints of their own.
Task<Result<Response>> forward_event(Context& context, RequestPtr request) {
  if (request->http->path.starts_with("/api/") && !request->caller.portal)
    co_return co_await context.forwarder.forward(request->http);
  auto http = std::make_shared<net::HttpRequest>(*request->http);
  http->target = "/api/v1/projects/" + to_text(request->project()) + "/events";
  if (request->caller.portal) {
    const auto work = [&context, request](Tx& tx) { return authorize_portal_event(tx, context, *request); };
    FL_CO_TRY(const Secret key, co_await context.db.run(TxKind::read_write, work));
    for (auto& [name, value] : http->headers) {
      if (equals_ignoring_case(name, "Authorization")) value = "Bearer " + key.reveal();
    }
  }
  co_return co_await context.forwarder.forward(std::move(http));
}

}  // namespace fairlead::control
