#include "control_plane/resources/endpoints.hpp"

#include "common/store/config_change.hpp"
#include "common/store/projects.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/etag.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/services/endpoint_input.hpp"
#include "control_plane/services/endpoint_json.hpp"
#include "control_plane/services/meta_teller.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

struct EndpointKey {
  ProjectId project;
  EndpointId id;
  RequestPtr request;  // who asks, and on what condition
};

EndpointView view_of(const Context& context, const Request& request) {
  return {context.sealer, ApiVersion::from_header(request.http->header("X-Convoy-Version")), wall_now(),
          request.caller.may_see_secrets()};
}

Result<Response> endpoint_response(net::http::status status, std::string_view message, const store::Endpoint& endpoint,
                                   const EndpointView& view) {
  JsonWriter json;
  FL_TRY_VOID(write_endpoint(json, endpoint, view));
  return with_etag(net::success(status, message, json.take()), endpoint.updated_at);
}

Result<EndpointRules> rules_for(Tx& tx, const ProjectId& id, const Context& context, ApiVersion version) {
  FL_TRY(const auto project, store::get_project(tx, id));
  return EndpointRules{context.sealer, context.guard, ProjectConfig::from_stored(project.config),
                       project.type == "outgoing", version};
}

// The endpoint, if there is one and the caller reaches its owner.
Result<store::Endpoint> get_reached(Tx& tx, const EndpointKey& key) {
  FL_TRY(auto endpoint, store::get_endpoint(tx, key.project, key.id));
  if (!key.request->caller.reaches_owner(endpoint.owner_id)) return fail(Code::not_found, "endpoint not found");
  return endpoint;
}

// Whatever a portal's customer says, their endpoints stay theirs.
void keep_owner(store::Endpoint& endpoint, const Caller& caller) {
  if (caller.portal) endpoint.owner_id = caller.portal->owner_id;
}

// Reads the endpoint, lets `change` change it, and stores it, all under the next configuration number.
template <class Change>
Result<store::Endpoint> change_endpoint(Tx& tx, const Context& context, const EndpointKey& key, Change change) {
  FL_TRY(const auto version, store::begin_project_change(tx, key.project));
  FL_TRY(auto endpoint, get_reached(tx, key));
  FL_TRY_VOID(check_if_match(*key.request->http, endpoint.updated_at));
  FL_TRY_VOID(change(tx, endpoint));
  keep_owner(endpoint, key.request->caller);
  endpoint.updated_at = wall_now();
  FL_TRY_VOID(store::update_endpoint(tx, endpoint, version));
  FL_TRY(auto changed, store::get_endpoint(tx, key.project, key.id));
  FL_TRY_VOID(tell_of_endpoint(tx, context, "endpoint.updated", changed));
  return changed;
}

Result<EndpointKey> key_of(RequestPtr request) {
  FL_TRY(const auto id, request->id<EndpointTag>("endpoint", "endpoint"));
  return EndpointKey{request->project(), id, std::move(request)};
}

// Ends every secret that has no end yet, and adds the new one.
Result<void> rotate(store::Endpoint& endpoint, const JsonBody& body, const Context& context) {
  FL_TRY(const auto hours_field, body.integer("expiration", {0, 24 * 366}));
  FL_TRY(const auto hours, required(body, "expiration", hours_field));
  FL_TRY(auto value, read_secret(body));
  const auto now = wall_now();
  std::erase_if(endpoint.secrets, [&](const auto& secret) { return secret.expires_at && *secret.expires_at <= now; });
  if (endpoint.secrets.size() >= live_secrets_max) {
    return fail(Error{Code::invalid,
                      "the endpoint has " + std::to_string(live_secrets_max) + " live secrets: wait until one expires",
                      "too_many_secrets"});
  }
  for (auto& secret : endpoint.secrets) {
    if (secret.expires_at) continue;
    secret.expires_at = now + std::chrono::hours(hours);
    secret.updated_at = now;
  }
  endpoint.secrets.push_back(make_secret(endpoint, std::move(value), context.sealer, context.ids, now));
  return {};
}

Result<void> toggle_pause(store::Endpoint& endpoint) {
  const std::string_view status = endpoint.effective_status();
  if (status == "inactive")
    return fail(Error{Code::invalid, "an inactive endpoint cannot be paused: activate it first", "endpoint_inactive"});
  endpoint.status = status == "active" ? "paused" : "active";
  return {};
}

Result<void> activate(store::Endpoint& endpoint) {
  if (std::string_view(endpoint.effective_status()) == "active")
    return fail(Error{Code::invalid, "the endpoint is active", "endpoint_active"});
  endpoint.status = "active";
  ++endpoint.generation;
  return {};
}

}  // namespace

Task<Result<Response>> list_endpoints(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto page_query, parse_page(request->query, false));
  store::EndpointFilter filter{.project = request->project()};
  filter.name_part = request->query.first("q").value_or(request->query.first("query").value_or(""));
  filter.owner_id = request->caller.portal ? request->caller.owner_id() : request->query.first("ownerId").value_or("");
  const auto read = [page_query, filter](Tx& tx) {
    return read_page<store::Endpoint>(
        page_query, [&](const store::Keyset& slice) { return store::list_endpoints(tx, filter, slice); });
  };
  FL_CO_TRY(const auto page, co_await context.db.run(TxKind::snapshot, read));
  const auto view = view_of(context, *request);
  Result<void> written;
  auto data = page_json(page, [&](JsonWriter& json, const store::Endpoint& endpoint) {
    if (written) written = write_endpoint(json, endpoint, view);
  });
  FL_CO_TRY_VOID(written);
  co_return net::success(net::http::status::ok, "Endpoints", data);
}

// POST …/endpoints: 201 with the endpoint and its signing secret.
Task<Result<Response>> create_endpoint(Context& context, RequestPtr request) {
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  const auto view = view_of(context, *request);
  const auto insert = [&context, request, body = std::move(body), project = request->project(),
                       version = view.version](Tx& tx) -> Result<store::Endpoint> {
    FL_TRY(const auto number, store::begin_project_change(tx, project));
    FL_TRY(const auto rules, rules_for(tx, project, context, version));
    store::Endpoint endpoint{.project = project, .id = context.ids.next<EndpointTag>()};
    endpoint.has_advanced_signatures = !version.has_text_durations;
    FL_TRY_VOID(apply_endpoint_input(endpoint, body, rules));
    keep_owner(endpoint, request->caller);
    FL_TRY(auto secret, read_secret(body));
    endpoint.created_at = endpoint.updated_at = wall_now();
    endpoint.secrets.push_back(
        make_secret(endpoint, std::move(secret), context.sealer, context.ids, endpoint.created_at));
    FL_TRY_VOID(store::insert_endpoint(tx, endpoint, number));
    FL_TRY_VOID(tell_of_endpoint(tx, context, "endpoint.created", endpoint));
    return endpoint;
  };
  FL_CO_TRY(const auto endpoint, co_await context.db.run(TxKind::read_write, insert));
  co_return endpoint_response(net::http::status::created, "Endpoint created", endpoint, view);
}

Task<Result<Response>> show_endpoint(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(const auto endpoint, co_await context.db.run(TxKind::autocommit, &get_reached, key));
  co_return endpoint_response(net::http::status::ok, "Endpoint", endpoint, view_of(context, *request));
}

Task<Result<Response>> update_endpoint(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  const auto view = view_of(context, *request);
  const auto change = [&context, body = std::move(body), key, version = view.version](Tx& tx) {
    return change_endpoint(tx, context, key, [&](Tx& inner, store::Endpoint& endpoint) -> Result<void> {
      FL_TRY(const auto rules, rules_for(inner, key.project, context, version));
      FL_TRY_VOID(check_secret_unchanged(endpoint, body, context.sealer));
      return apply_endpoint_input(endpoint, body, rules);
    });
  };
  FL_CO_TRY(const auto endpoint, co_await context.db.run(TxKind::read_write, change));
  co_return endpoint_response(net::http::status::accepted, "Endpoint updated", endpoint, view);
}

Task<Result<Response>> delete_endpoint(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  const auto remove = [&context, key](Tx& tx) -> Result<bool> {
    FL_TRY(const auto version, store::begin_project_change(tx, key.project));
    FL_TRY(const auto endpoint, get_reached(tx, key));
    FL_TRY_VOID(check_if_match(*key.request->http, endpoint.updated_at));
    FL_TRY_VOID(store::delete_endpoint(tx, key.project, key.id, version, wall_now()));
    FL_TRY_VOID(tell_of_endpoint(tx, context, "endpoint.deleted", endpoint));
    return true;
  };
  FL_CO_TRY([[maybe_unused]] const bool is_gone, co_await context.db.run(TxKind::read_write, remove));
  co_return net::success(net::http::status::ok, "Endpoint deleted", "null");
}

Task<Result<Response>> pause_endpoint(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  const auto change = [&context, key](Tx& tx) {
    return change_endpoint(tx, context, key, [](Tx&, store::Endpoint& endpoint) { return toggle_pause(endpoint); });
  };
  FL_CO_TRY(const auto endpoint, co_await context.db.run(TxKind::read_write, change));
  co_return endpoint_response(net::http::status::accepted, "Endpoint status changed", endpoint,
                              view_of(context, *request));
}

Task<Result<Response>> activate_endpoint(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  const auto change = [&context, key](Tx& tx) {
    return change_endpoint(tx, context, key, [](Tx&, store::Endpoint& endpoint) { return activate(endpoint); });
  };
  FL_CO_TRY(const auto endpoint, co_await context.db.run(TxKind::read_write, change));
  co_return endpoint_response(net::http::status::accepted, "Endpoint activated", endpoint, view_of(context, *request));
}

// PUT …/expire_secret: a new secret signs at once, the old ones until `expiration` hours have passed, to the second.
Task<Result<Response>> expire_endpoint_secret(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  const auto change = [&context, body = std::move(body), key](Tx& tx) {
    return change_endpoint(tx, context, key,
                           [&](Tx&, store::Endpoint& endpoint) { return rotate(endpoint, body, context); });
  };
  FL_CO_TRY(const auto endpoint, co_await context.db.run(TxKind::read_write, change));
  co_return endpoint_response(net::http::status::ok, "Endpoint secret expired", endpoint, view_of(context, *request));
}

}  // namespace fairlead::control
