#include "control_plane/portal/portal_api.hpp"

#include "common/ops/version.hpp"
#include "common/store/deliveries.hpp"
#include "common/store/portal_links.hpp"
#include "control_plane/http/base_url.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/portal/intervals.hpp"
#include "control_plane/services/portal_link_json.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

struct Summary {
  std::vector<std::int64_t> counts;  // of each interval
  std::size_t endpoints = 0;
};

Result<Summary> read_summary(Tx& tx, const Request& request, const std::vector<Interval>& intervals) {
  Summary summary;
  const auto owner = request.caller.owner_id();
  if (!owner.empty()) {
    FL_TRY(const auto link, store::get_portal_link(tx, request.project(), request.caller.portal->link));
    summary.endpoints = static_cast<std::size_t>(link.endpoint_count);
  }
  for (const auto& interval : intervals) {
    store::DeliveryFilter filter{.project = request.project(), .start = interval.start, .end = interval.end};
    filter.owner_id = owner;
    PageQuery ids;
    narrow_to(ids, {interval.start, interval.end});
    FL_TRY(const auto count, store::count_deliveries(tx, filter, {ids.low, ids.high}));
    summary.counts.push_back(count);
  }
  return summary;
}

}  // namespace

// GET /portal-api/portal_link: the caller's own, without tokens: they have one.
Task<Result<Response>> show_own_link(Context& context, RequestPtr request) {
  if (!request->caller.portal) co_return fail(Code::not_found, "portal link not found");
  FL_CO_TRY(const auto link, co_await context.db.run(TxKind::autocommit, &store::get_portal_link, request->project(),
                                                     PortalLinkId(request->caller.portal->link)));
  JsonWriter json;
  write_portal_link(json, link, {}, {.base = base_url(context, *request->http), .version = {}});
  co_return net::success(net::http::status::ok, "Portal link", json.take());
}

// GET /portal-api/license/features: nothing is licensed, everything is on.
Task<Result<Response>> show_features(Context&, RequestPtr) {
  JsonWriter json;
  json.begin_object();
  for (const char* name :
       {"ADVANCED_ENDPOINT_MANAGEMENT", "ADVANCED_MESSAGE_BROKER", "ADVANCED_SUBSCRIPTIONS",
        "ADVANCED_WEBHOOK_FILTERING", "CIRCUIT_BREAKING", "CONSUMER_POOL_TUNING", "EVENT_CATALOGUE", "MUTUAL_TLS",
        "OAUTH2_ENDPOINT_AUTH", "PORTAL_LINKS", "STATIC_IP", "WEBHOOK_ANALYTICS", "WEBHOOK_TRANSFORMATIONS"})
    json.field(name, true);
  co_return net::success(net::http::status::ok, "Features", json.end_object().take());
}

Task<Result<Response>> show_configuration(Context&, RequestPtr) {
  JsonWriter json;
  json.begin_object().field("version", kVersion).field("api_version", kApiVersion).end_object();
  co_return net::success(net::http::status::ok, "Configuration", json.take());
}

// GET /portal-api/configuration/auth: a portal is opened by its link, and has no login of its own.
Task<Result<Response>> show_login_configuration(Context&, RequestPtr) {
  JsonWriter json;
  json.begin_object().field("is_signup_enabled", false);
  for (const char* provider : {"google_oauth", "saml"})
    json.key(provider).begin_object().field("enabled", false).end_object();
  co_return net::success(net::http::status::ok, "Login configuration", json.end_object().take());
}

// GET /portal-api/dashboard/summary?startDate&endDate&type: deliveries by day, week, month or year.
Task<Result<Response>> show_summary(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto dates, parse_dates(request->query, wall_now()));
  const auto period = request->query.first("type").value_or("daily");
  FL_CO_TRY(const auto intervals, make_intervals(period, dates.start, dates.end));
  const auto read = [request, intervals](Tx& tx) { return read_summary(tx, *request, intervals); };
  FL_CO_TRY(const auto summary, co_await context.lists.run(TxKind::snapshot, read));
  std::int64_t total = 0;
  for (const auto count : summary.counts) total += count;
  JsonWriter json;
  json.begin_object().field("events_sent", total).field("apps", summary.endpoints).field("period", period);
  json.key("event_data").begin_array();
  for (std::size_t index = 0; index < intervals.size(); ++index) {
    json.begin_object().key("data").begin_object().field("index", index).field("date", intervals[index].date);
    json.end_object().field("count", summary.counts[index]).end_object();
  }
  co_return net::success(net::http::status::ok, "Summary", json.end_array().end_object().take());
}

}  // namespace fairlead::control
