#include "control_plane/resources/subscriptions.hpp"

#include "common/domain/event_type.hpp"
#include "common/store/config_change.hpp"
#include "common/store/endpoints.hpp"
#include "common/store/event_types.hpp"
#include "common/store/filters.hpp"
#include "common/store/projects.hpp"
#include "common/store/sources.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/etag.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/services/endpoint_json.hpp"
#include "control_plane/services/filter_input.hpp"
#include "control_plane/services/functions.hpp"
#include "control_plane/services/owner_scope.hpp"
#include "control_plane/services/project_config.hpp"
#include "control_plane/services/subscription_input.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

struct SubscriptionKey {
  ProjectId project;
  SubscriptionId id;
  RequestPtr request;  // who asks, and on what condition
};

Result<SubscriptionKey> key_of(RequestPtr request) {
  FL_TRY(const auto id, request->id<SubscriptionTag>("subscription", "subscription"));
  return SubscriptionKey{request->project(), id, std::move(request)};
}

// The subscription, if there is one and the caller reaches its endpoint's owner.
Result<store::Subscription> get_reached(Tx& tx, const SubscriptionKey& key) {
  FL_TRY(auto subscription, store::get_subscription(tx, key.project, key.id));
  if (!key.request->caller.reaches_owner(subscription.endpoint_brief.owner_id))
    return fail(Code::not_found, "subscription not found");
  return subscription;
}

void write_filter_config(JsonWriter& json, const store::Subscription& subscription) {
  json.key("filter_config").begin_object().field("event_types", subscription.event_types);
  json.key("filter").begin_object().field("is_flattened", false);
  for (const auto scope : filter_scopes) json.raw_field(to_text(scope), subscription.filter.of(scope).value_or("{}"));
  json.end_object().end_object();
}

// Its address is a secret of the project, which a portal's customer does not see.
void write_source(JsonWriter& json, const store::Subscription& subscription, const Caller& caller) {
  const auto& source = subscription.source_brief;
  if (!source || caller.portal) {
    json.value(nullptr);
    return;
  }
  json.begin_object().field("uid", source->id).field("project_id", source->project).field("mask_id", source->mask);
  json.field("name", source->name).field("type", source->type).field("provider", source->provider);
  json.field("is_disabled", source->is_disabled).field("verifier", nullptr).end_object();
}

// What is kept without effect: absent when there is none.
void write_kept(JsonWriter& json, const store::Subscription& subscription) {
  if (const auto& alert = subscription.alert) {
    json.key("alert_config").begin_object().field("count", alert->count);
    json.field("threshold", alert->threshold).end_object();
  }
  if (const auto& limit = subscription.rate_limit) {
    json.key("rate_limit_config").begin_object().field("count", limit->count);
    json.field("duration", limit->duration_seconds).end_object();
  }
}

void write_subscription(JsonWriter& json, const store::Subscription& subscription, const Caller& caller,
                        bool is_new = false) {
  json.begin_object().field("uid", subscription.id).field("name", subscription.name).field("type", "api");
  json.field("project_id", subscription.project).field("endpoint_id", subscription.endpoint);
  // Clients expect an empty text where a new one has none, and null later.
  json.field("function", is_new ? subscription.function.value_or("") : subscription.function);
  json.key("source_metadata");
  write_source(json, subscription, caller);
  json.key("endpoint_metadata");
  write_endpoint_brief(json, subscription.endpoint_brief);
  json.field("device_metadata", nullptr);
  write_kept(json, subscription);
  if (subscription.retry) {
    // Without "duration": clients disagree on its type.
    json.key("retry_config").begin_object().field("type", subscription.retry->type);
    json.field("interval_seconds", subscription.retry->interval_seconds)
        .field("retry_count", subscription.retry->retry_count)
        .end_object();
  }
  write_filter_config(json, subscription);
  json.field("delivery_mode", subscription.delivery_mode).field("created_at", subscription.created_at);
  json.field("updated_at", subscription.updated_at).field("deleted_at", nullptr).end_object();
}

Response subscription_response(net::http::status status, std::string_view message,
                               const store::Subscription& subscription, const Caller& caller) {
  JsonWriter json;
  write_subscription(json, subscription, caller, status == net::http::status::created);
  return with_etag(net::success(status, message, json.take()), subscription.updated_at);
}

// The source must be the project's; an incoming project's events come from sources alone.
Result<void> check_source(Tx& tx, const store::Subscription& subscription, bool is_incoming) {
  if (!subscription.source) {
    if (!is_incoming) return {};
    return bad_field("source_id", "required", "source_id is required: this project's events come in through sources");
  }
  const auto source = store::get_source(tx, subscription.project, *subscription.source);
  if (source) return {};
  auto error = source.error();
  error.field = "source_id";
  return fail(std::move(error));
}

// The endpoint must be the project's and within the caller's reach, and free unless the project allows several
// subscriptions for one.
Result<void> check_endpoint(Tx& tx, const store::Subscription& subscription, const Caller& caller) {
  const auto endpoint = store::get_endpoint(tx, subscription.project, subscription.endpoint);
  if (!endpoint || !caller.reaches_owner(endpoint->owner_id)) {
    auto error = endpoint ? Error{Code::not_found, "endpoint not found"} : endpoint.error();
    error.field = "endpoint_id";
    return fail(std::move(error));
  }
  FL_TRY(const auto project, store::get_project(tx, subscription.project));
  const bool is_incoming = project.type == "incoming";
  FL_TRY_VOID(check_source(tx, subscription, is_incoming));
  if (is_incoming) return {};
  if (ProjectConfig::from_stored(project.config).allows_many_subscriptions()) return {};
  FL_TRY(const bool is_used,
         store::is_endpoint_subscribed(tx, subscription.project, subscription.endpoint, subscription.id));
  if (!is_used) return {};
  return bad_field("endpoint_id", "endpoint_subscribed",
                   "endpoint_id: another subscription uses this endpoint (multiple_endpoint_subscriptions is off)");
}

// A portal's customer selects only what their link allows.
Result<void> check_allowed_types(const store::Subscription& subscription, const Caller& caller) {
  if (!caller.portal || caller.portal->event_types.empty()) return {};
  for (std::size_t index = 0; index < subscription.event_types.size(); ++index) {
    const auto& type = subscription.event_types[index];
    const bool is_allowed = std::ranges::any_of(caller.portal->event_types, [&](const std::string& allowed) {
      return allowed == type || matches_event_type(allowed, type);
    });
    if (is_allowed) continue;
    const std::string field = "filter_config.event_types." + std::to_string(index);
    return fail(
        Error{Code::forbidden, field + ": this portal link does not allow " + type, "event_type_not_allowed", field});
  }
  return {};
}

// Which sources there are is the project's own matter.
Result<void> check_source_choice(const std::optional<SourceId>& former, const store::Subscription& subscription,
                                 const Caller& caller) {
  if (!caller.portal || subscription.source == former) return {};
  return fail(Error{Code::forbidden, "source_id: a portal's customer does not choose sources", "portal_token_refused",
                    "source_id"});
}

// How the project's payloads are shaped is its own matter too. What is sent back unchanged changes nothing.
Result<void> check_function_choice(const std::optional<std::string>& former, const store::Subscription& subscription,
                                   const Caller& caller) {
  if (!caller.portal || subscription.function == former) return {};
  return fail(Error{Code::forbidden, "function: a portal's customer does not change functions", "portal_token_refused",
                    "function"});
}

// Types named exactly join the catalogue; patterns do not, nor what a portal's customer names.
Result<void> name_event_types(Tx& tx, const store::Subscription& subscription, const Caller& caller, IdSource& ids) {
  if (caller.portal) return {};
  for (const auto& name : subscription.event_types) {
    if (is_glob(name)) continue;
    const store::EventType type{.id = ids.next<EventTypeTag>(), .name = name};
    FL_TRY([[maybe_unused]] const bool is_new,
           store::insert_event_type(tx, subscription.project, type, subscription.updated_at));
  }
  return {};
}

// One filter an event type, if there is anything to filter by.
Result<void> insert_filters(Tx& tx, const store::Subscription& subscription, const FilterText& text,
                            std::int64_t version, IdSource& ids) {
  if (!text.says_something()) return {};
  for (const auto& type : subscription.event_types) {
    FL_TRY([[maybe_unused]] const bool is_new, store::insert_filter(tx,
                                                                    {.project = subscription.project,
                                                                     .id = ids.next<FilterTag>(),
                                                                     .subscription = subscription.id,
                                                                     .event_type = type,
                                                                     .enabled_at = subscription.updated_at,
                                                                     .text = text,
                                                                     .created_at = subscription.updated_at,
                                                                     .updated_at = subscription.updated_at},
                                                                    version));
  }
  return {};
}

Result<store::Subscription> insert(Tx& tx, const Request& request, const JsonBody& body, IdSource& ids) {
  const auto project = request.project();
  FL_TRY(const auto version, store::begin_project_change(tx, project));
  store::Subscription made{.project = project, .id = ids.next<SubscriptionTag>(), .event_types = {"*"}};
  FL_TRY([[maybe_unused]] const auto name, body.required_text("name"));
  FL_TRY([[maybe_unused]] const auto endpoint, body.required_text("endpoint_id"));
  FL_TRY_VOID(apply_subscription_input(made, body));
  FL_TRY(const auto filter, read_subscription_filter(request.http->body));
  FL_TRY_VOID(check_allowed_types(made, request.caller));
  FL_TRY_VOID(check_source_choice({}, made, request.caller));
  FL_TRY_VOID(check_function_choice({}, made, request.caller));
  FL_TRY_VOID(check_endpoint(tx, made, request.caller));
  made.created_at = made.updated_at = wall_now();
  FL_TRY_VOID(store::insert_subscription(tx, made, version));
  FL_TRY_VOID(insert_filters(tx, made, filter.value_or(FilterText{}), version, ids));
  FL_TRY_VOID(name_event_types(tx, made, request.caller, ids));
  return store::get_subscription(tx, project, made.id);
}

Result<store::Subscription> update(Tx& tx, const SubscriptionKey& key, const JsonBody& body, IdSource& ids) {
  FL_TRY(const auto version, store::begin_project_change(tx, key.project));
  const auto& caller = key.request->caller;
  FL_TRY(auto subscription, get_reached(tx, key));
  FL_TRY_VOID(check_if_match(*key.request->http, subscription.updated_at));
  const auto former = std::pair(subscription.endpoint, subscription.source);
  const auto former_types = subscription.event_types;
  const auto former_function = subscription.function;
  FL_TRY_VOID(apply_subscription_input(subscription, body));
  FL_TRY(auto filter, read_subscription_filter(key.request->http->body));
  // What is sent back as it is shown keeps the filters of all types, of which only the first one's shows.
  if (filter && subscription.event_types == former_types && is_sent_back(*filter, subscription.filter)) filter.reset();
  FL_TRY_VOID(check_allowed_types(subscription, caller));
  FL_TRY_VOID(check_source_choice(former.second, subscription, caller));
  FL_TRY_VOID(check_function_choice(former_function, subscription, caller));
  if (std::pair(subscription.endpoint, subscription.source) != former)
    FL_TRY_VOID(check_endpoint(tx, subscription, caller));
  subscription.updated_at = wall_now();
  FL_TRY_VOID(store::update_subscription(tx, subscription, version));
  if (filter) {
    FL_TRY_VOID(store::delete_filters(tx, key.project, key.id, version, subscription.updated_at));
    FL_TRY_VOID(insert_filters(tx, subscription, *filter, version, ids));
  }
  FL_TRY_VOID(name_event_types(tx, subscription, caller, ids));
  return store::get_subscription(tx, key.project, key.id);
}

Result<bool> remove(Tx& tx, const SubscriptionKey& key) {
  FL_TRY(const auto version, store::begin_project_change(tx, key.project));
  FL_TRY(const auto subscription, get_reached(tx, key));
  FL_TRY_VOID(check_if_match(*key.request->http, subscription.updated_at));
  FL_TRY_VOID(store::delete_subscription(tx, key.project, key.id, version, wall_now()));
  FL_TRY_VOID(store::delete_filters(tx, key.project, key.id, version, wall_now()));
  return true;
}

}  // namespace

Task<Result<Response>> list_subscriptions(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto page_query, parse_page(request->query, false));
  store::SubscriptionFilter filter{.project = request->project()};
  for (const auto& text : request->query.all("endpointId")) {
    filter.endpoints.push_back(parse_id<EndpointTag>(text).value_or(EndpointId{}));  // no id: matches nothing
  }
  filter.name_part = request->query.first("name").value_or("");
  const auto read = [page_query, filter,
                     owner = request->caller.owner_id()](Tx& tx) -> Result<Page<store::Subscription>> {
    auto narrowed = filter;
    bool has_any = true;
    if (narrowed.endpoints.empty()) {
      narrowed.owner_id = owner;
    } else {
      FL_TRY(has_any, narrow_to_owner(tx, filter.project, owner, narrowed.endpoints));
    }
    return read_page<store::Subscription>(page_query, [&](const store::Keyset& slice) {
      return has_any ? store::list_subscriptions(tx, narrowed, slice) : std::vector<store::Subscription>{};
    });
  };
  FL_CO_TRY(const auto page, co_await context.db.run(TxKind::snapshot, read));
  co_return net::success(net::http::status::ok, "Subscriptions",
                         page_json(page, [&](JsonWriter& json, const store::Subscription& subscription) {
                           write_subscription(json, subscription, request->caller);
                         }));
}

Task<Result<Response>> create_subscription(Context& context, RequestPtr request) {
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  // A portal's customer changes none (check_function_choice): then there is nothing to try.
  if (!request->caller.portal)
    FL_CO_TRY_VOID(co_await check_functions(context, request->project(), body, {"function"}));
  const auto work = [request, body = std::move(body), &ids = context.ids](Tx& tx) {
    return insert(tx, *request, body, ids);
  };
  FL_CO_TRY(const auto subscription, co_await context.db.run(TxKind::read_write, work));
  co_return subscription_response(net::http::status::created, "Subscription created", subscription, request->caller);
}

Task<Result<Response>> show_subscription(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(const auto subscription, co_await context.db.run(TxKind::autocommit, &get_reached, key));
  co_return subscription_response(net::http::status::ok, "Subscription", subscription, request->caller);
}

Task<Result<Response>> update_subscription(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  if (!request->caller.portal)
    FL_CO_TRY_VOID(co_await check_functions(context, request->project(), body, {"function"}));
  const auto work = [key, body = std::move(body), &ids = context.ids](Tx& tx) { return update(tx, key, body, ids); };
  FL_CO_TRY(const auto subscription, co_await context.db.run(TxKind::read_write, work));
  co_return subscription_response(net::http::status::accepted, "Subscription updated", subscription, request->caller);
}

Task<Result<Response>> delete_subscription(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY([[maybe_unused]] const bool is_gone, co_await context.db.run(TxKind::read_write, &remove, key));
  co_return net::success(net::http::status::ok, "Subscription deleted", "null");
}

// PUT …/toggle_status: does nothing, and is kept for the clients that call it; 404 for a subscription that is not
// there.
Task<Result<Response>> toggle_subscription(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY([[maybe_unused]] const auto subscription, co_await context.db.run(TxKind::autocommit, &get_reached, key));
  co_return net::success(net::http::status::accepted, "Subscriptions have no status of their own", "{}");
}

}  // namespace fairlead::control
