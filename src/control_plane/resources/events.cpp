#include "control_plane/resources/events.hpp"

#include "common/store/events.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/resources/payload_json.hpp"
#include "control_plane/services/forwarder.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

void write_event(JsonWriter& json, const store::StoredEvent& event) {
  json.begin_object().field("uid", event.id).field("event_type", event.event_type).field("project_id", event.project);
  json.field("endpoints", event.endpoints);
  write_custom_headers(json, event.headers_json);
  write_no_source(json, "source_metadata");
  json.field("url_query_params", "")
      .field("url_path", "")
      .field("idempotency_key", event.idempotency_key)
      .field("is_duplicate_event", false);
  write_payload(json, event.body, false);
  json.field("status", event.matched_count ? "Success" : "Processing");
  if (event.matched_count == 0) json.field("failure_reason", "no subscription matched");
  json.field("acknowledged_at", event.received_at)
      .field("created_at", event.received_at)
      .field("updated_at", event.received_at);
  json.field("deleted_at", nullptr).end_object();
}

struct EventList {
  PageQuery page;
  store::EventFilter filter;
  bool is_empty = false;  // asks for what cannot exist
};

Result<EventList> parse_list(const Request& request) {
  const auto& query = request.query;
  EventList list;
  FL_TRY(list.page, parse_page(query, true));
  FL_TRY(const auto dates, parse_dates(query, wall_now()));
  narrow_to(list.page, dates);
  list.filter = {.project = request.project(), .start = dates.start, .end = dates.end, .bytes_max = page_bytes_max};
  if (query.first("body")) return bad_field("body", "unsupported", "body: searching in payloads is not supported yet");
  for (const auto& text : query.all("endpointId"))
    list.filter.endpoints.push_back(parse_id<EndpointTag>(text).value_or(EndpointId{}));
  list.filter.idempotency_key = query.first("idempotencyKey").value_or("");
  list.filter.owner_id = query.first("ownerId").value_or("");
  list.is_empty = query.first("sourceId") || query.first("brokerMessageId");  // there are no sources and no brokers yet
  list.filter.text_part = query.first("query").value_or("");
  if (const auto id = id_from_text(list.filter.text_part)) {  // a whole id: that event
    list.filter.text_part.clear();
    list.is_empty = list.is_empty || *id < list.page.low || *id > list.page.high;
    list.page.low = list.page.high = *id;
  }
  return list;
}

}  // namespace

Task<Result<Response>> list_events(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto list, parse_list(*request));
  const auto read = [list](Tx& tx) {
    return read_page<store::StoredEvent>(list.page,
                                         [&](const store::Keyset& slice) -> Result<std::vector<store::StoredEvent>> {
                                           if (list.is_empty) return std::vector<store::StoredEvent>{};
                                           return store::list_events(tx, list.filter, slice);
                                         });
  };
  FL_CO_TRY(const auto page, co_await context.lists.run(TxKind::snapshot, read));
  co_return net::success(net::http::status::ok, "Events", page_json(page, &write_event));
}

Task<Result<Response>> show_event(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto id, request->id<EventTag>("event", "event"));
  FL_CO_TRY(const auto event, co_await context.db.run(TxKind::snapshot, &store::get_event, request->project(), id));
  JsonWriter json;
  write_event(json, event);
  co_return net::success(net::http::status::ok, "Event", json.take());
}

// POST …/events, /fanout and /broadcast: the data plane's answer, whatever it is.
Task<Result<Response>> forward_event(Context& context, RequestPtr request) {
  co_return co_await context.forwarder.forward(request->http);
}

}  // namespace fairlead::control
