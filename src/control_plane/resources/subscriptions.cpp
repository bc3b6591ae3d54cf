#include "control_plane/resources/subscriptions.hpp"

#include "common/domain/event_type.hpp"
#include "common/store/config_change.hpp"
#include "common/store/endpoints.hpp"
#include "common/store/event_types.hpp"
#include "common/store/projects.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/services/endpoint_json.hpp"
#include "control_plane/services/project_config.hpp"
#include "control_plane/services/subscription_input.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

struct SubscriptionKey {
  ProjectId project;
  SubscriptionId id;
};

Result<SubscriptionKey> key_of(const Request& request) {
  FL_TRY(const auto id, request.id<SubscriptionTag>("subscription", "subscription"));
  return SubscriptionKey{request.project(), id};
}

void write_filter_config(JsonWriter& json, const store::Subscription& subscription) {
  json.key("filter_config").begin_object().field("event_types", subscription.event_types);
  json.key("filter").begin_object().field("is_flattened", false);
  for (const char* scope : {"headers", "body", "query", "path"}) json.raw_field(scope, "{}");
  json.end_object().end_object();
}

void write_subscription(JsonWriter& json, const store::Subscription& subscription) {
  json.begin_object().field("uid", subscription.id).field("name", subscription.name).field("type", "api");
  json.field("project_id", subscription.project).field("endpoint_id", subscription.endpoint);
  json.field("function", nullptr).field("source_metadata", nullptr).key("endpoint_metadata");
  write_endpoint_brief(json, subscription.endpoint_brief);
  json.field("device_metadata", nullptr);
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
                               const store::Subscription& subscription) {
  JsonWriter json;
  write_subscription(json, subscription);
  return net::success(status, message, json.take());
}

// The endpoint must be the project's, and free unless the project allows several subscriptions for one.
Result<void> check_endpoint(Tx& tx, const store::Subscription& subscription) {
  if (const auto endpoint = store::get_endpoint(tx, subscription.project, subscription.endpoint); !endpoint) {
    auto error = endpoint.error();
    error.field = "endpoint_id";
    return fail(std::move(error));
  }
  FL_TRY(const auto project, store::get_project(tx, subscription.project));
  if (project.type != "outgoing") {
    return bad_field("source_id", "unsupported", "source_id: subscriptions of incoming projects are not supported yet");
  }
  if (ProjectConfig::from_stored(project.config).allows_many_subscriptions()) return {};
  FL_TRY(const bool is_used,
         store::is_endpoint_subscribed(tx, subscription.project, subscription.endpoint, subscription.id));
  if (!is_used) return {};
  return bad_field("endpoint_id", "endpoint_subscribed",
                   "endpoint_id: another subscription uses this endpoint (multiple_endpoint_subscriptions is off)");
}

// Types named exactly join the catalogue; patterns do not.
Result<void> name_event_types(Tx& tx, const store::Subscription& subscription, IdSource& ids) {
  for (const auto& name : subscription.event_types) {
    if (is_glob(name)) continue;
    const store::EventType type{.id = ids.next<EventTypeTag>(), .name = name};
    FL_TRY([[maybe_unused]] const bool is_new,
           store::insert_event_type(tx, subscription.project, type, subscription.updated_at));
  }
  return {};
}

Result<store::Subscription> insert(Tx& tx, const ProjectId& project, const JsonBody& body, IdSource& ids) {
  FL_TRY(const auto version, store::begin_project_change(tx, project));
  store::Subscription made{.project = project, .id = ids.next<SubscriptionTag>(), .event_types = {"*"}};
  FL_TRY([[maybe_unused]] const auto name, body.required_text("name"));
  FL_TRY([[maybe_unused]] const auto endpoint, body.required_text("endpoint_id"));
  FL_TRY_VOID(apply_subscription_input(made, body));
  FL_TRY_VOID(check_endpoint(tx, made));
  made.created_at = made.updated_at = wall_now();
  FL_TRY_VOID(store::insert_subscription(tx, made, version));
  FL_TRY_VOID(name_event_types(tx, made, ids));
  return store::get_subscription(tx, project, made.id);
}

Result<store::Subscription> update(Tx& tx, const SubscriptionKey& key, const JsonBody& body, IdSource& ids) {
  FL_TRY(const auto version, store::begin_project_change(tx, key.project));
  FL_TRY(auto subscription, store::get_subscription(tx, key.project, key.id));
  const auto former = subscription.endpoint;
  FL_TRY_VOID(apply_subscription_input(subscription, body));
  if (subscription.endpoint != former) FL_TRY_VOID(check_endpoint(tx, subscription));
  subscription.updated_at = wall_now();
  FL_TRY_VOID(store::update_subscription(tx, subscription, version));
  FL_TRY_VOID(name_event_types(tx, subscription, ids));
  return store::get_subscription(tx, key.project, key.id);
}

Result<bool> remove(Tx& tx, const SubscriptionKey& key) {
  FL_TRY(const auto version, store::begin_project_change(tx, key.project));
  FL_TRY_VOID(store::delete_subscription(tx, key.project, key.id, version, wall_now()));
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
  const auto read = [page_query, filter](Tx& tx) {
    return read_page<store::Subscription>(
        page_query, [&](const store::Keyset& slice) { return store::list_subscriptions(tx, filter, slice); });
  };
  FL_CO_TRY(const auto page, co_await context.db.run(TxKind::snapshot, read));
  co_return net::success(net::http::status::ok, "Subscriptions", page_json(page, &write_subscription));
}

Task<Result<Response>> create_subscription(Context& context, RequestPtr request) {
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  const auto work = [project = request->project(), body = std::move(body), &ids = context.ids](Tx& tx) {
    return insert(tx, project, body, ids);
  };
  FL_CO_TRY(const auto subscription, co_await context.db.run(TxKind::read_write, work));
  co_return subscription_response(net::http::status::created, "Subscription created", subscription);
}

Task<Result<Response>> show_subscription(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  FL_CO_TRY(const auto subscription,
            co_await context.db.run(TxKind::autocommit, &store::get_subscription, key.project, key.id));
  co_return subscription_response(net::http::status::ok, "Subscription", subscription);
}

Task<Result<Response>> update_subscription(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  const auto work = [key, body = std::move(body), &ids = context.ids](Tx& tx) { return update(tx, key, body, ids); };
  FL_CO_TRY(const auto subscription, co_await context.db.run(TxKind::read_write, work));
  co_return subscription_response(net::http::status::accepted, "Subscription updated", subscription);
}

Task<Result<Response>> delete_subscription(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  FL_CO_TRY([[maybe_unused]] const bool is_gone, co_await context.db.run(TxKind::read_write, &remove, key));
  co_return net::success(net::http::status::ok, "Subscription deleted", "null");
}

// PUT …/toggle_status: does nothing, and is kept for the clients that call it; 404 for a subscription that is not
// there.
Task<Result<Response>> toggle_subscription(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  FL_CO_TRY([[maybe_unused]] const auto subscription,
            co_await context.db.run(TxKind::autocommit, &store::get_subscription, key.project, key.id));
  co_return net::success(net::http::status::accepted, "Subscriptions have no status of their own", "{}");
}

}  // namespace fairlead::control
