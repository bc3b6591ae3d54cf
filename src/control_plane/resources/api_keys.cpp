#include "control_plane/resources/api_keys.hpp"

#include "common/store/api_keys.hpp"
#include "common/store/config_change.hpp"
#include "control_plane/http/auth.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/etag.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/services/key_maker.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

constexpr std::size_t kNameBytesMax = 255;

store::KeyOwner owner_of(const Request& request) { return {request.caller.organisation, request.path_project}; }

// Writes the members and leaves the object open: a new key adds its secret.
JsonWriter& write_members(JsonWriter& json, const store::StoredApiKey& key, const store::KeyOwner& owner) {
  json.begin_object().field("uid", key.id).field("name", key.name).field("mask", key.mask);
  json.field("scope", to_text(key.scope)).field("organisation_id", owner.organisation);
  json.field("project_id", owner.project).field("expires_at", key.expires_at).field("last_used_at", key.last_used_at);
  return json.field("created_at", key.created_at).field("updated_at", key.updated_at);
}

Response key_response(net::http::status status, std::string_view message, const store::StoredApiKey& key,
                      const store::KeyOwner& owner) {
  JsonWriter json;
  write_members(json, key, owner).end_object();
  return with_etag(net::success(status, message, json.take()), key.updated_at);
}

// "expires_at": a time to come; null for a key without an end.
Result<void> apply_expiry(std::optional<TimePoint>& target, const JsonBody& body, TimePoint now) {
  FL_TRY(const auto field, body.text("expires_at", 64));
  if (!field.is_present) return {};
  if (field.is_null) {
    target.reset();
    return {};
  }
  const auto time = parse_time(field.value);
  if (!time)
    return bad_field("expires_at", "invalid_time",
                     "expires_at: expected an RFC 3339 time such as 2027-01-31T12:00:00Z");
  if (*time <= now) return bad_field("expires_at", "in_the_past", "expires_at: expected a time to come");
  target = *time;
  return {};
}

Result<KeyScope> scope_from(const JsonBody& body) {
  FL_TRY(const auto field, body.text("scope", 32));
  if (!field.has_value()) return KeyScope::full;
  const auto scope = key_scope_from(field.value);
  if (!scope) return bad_field("scope", "invalid_scope", "scope: expected full, read_only or events_only");
  return *scope;
}

Result<std::int64_t> begin_change(Tx& tx, const store::KeyOwner& owner) {
  return owner.project ? store::begin_project_change(tx, *owner.project)
                       : store::begin_organisation_change(tx, owner.organisation);
}

Result<store::StoredApiKey> insert(Tx& tx, const store::KeyOwner& owner, const store::NewApiKey& key, TimePoint now) {
  FL_TRY(const auto version, begin_change(tx, owner));
  FL_TRY(const int count, store::count_api_keys(tx, owner));
  if (count >= store::api_keys_per_owner_max) {
    return fail(Error{Code::invalid,
                      "there are " + std::to_string(store::api_keys_per_owner_max) + " keys already: delete some",
                      "too_many_keys"});
  }
  FL_TRY_VOID(store::insert_api_key(tx, key, version, now));
  return store::get_api_key(tx, owner, key.id);
}

Result<store::StoredApiKey> update(Tx& tx, const Request& request, const ApiKeyId& id, const JsonBody& body) {
  const auto owner = owner_of(request);
  FL_TRY(const auto version, begin_change(tx, owner));
  FL_TRY(auto key, store::get_api_key(tx, owner, id));
  FL_TRY_VOID(check_if_match(*request.http, key.updated_at));
  if (body.has("name")) {
    FL_TRY(key.name, body.required_text("name", kNameBytesMax));
  }
  const auto now = wall_now();
  FL_TRY_VOID(apply_expiry(key.expires_at, body, now));
  FL_TRY(const auto scope, body.text("scope", 32));
  if (scope.is_present && scope.value != to_text(key.scope))
    return bad_field("scope", "immutable", "scope: cannot be changed; make another key");
  key.updated_at = now;
  FL_TRY_VOID(store::update_api_key(tx, owner, key, version));
  return key;
}

Result<bool> remove(Tx& tx, const Request& request, const ApiKeyId& id) {
  const auto owner = owner_of(request);
  FL_TRY(const auto version, begin_change(tx, owner));
  FL_TRY(const auto key, store::get_api_key(tx, owner, id));
  FL_TRY_VOID(check_if_match(*request.http, key.updated_at));
  FL_TRY_VOID(store::delete_api_key(tx, owner, id, version, wall_now()));
  return true;
}

Result<ApiKeyId> id_of(const Request& request) { return request.id<ApiKeyTag>("api_key", "API key"); }

}  // namespace

Task<Result<Response>> list_api_keys(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto page_query, parse_page(request->query, false));
  const auto owner = owner_of(*request);
  const auto read = [page_query, owner](Tx& tx) {
    return read_page<store::StoredApiKey>(
        page_query, [&](const store::Keyset& slice) { return store::list_api_keys(tx, owner, slice); });
  };
  FL_CO_TRY(const auto page, co_await context.db.run(TxKind::snapshot, read));
  co_return net::success(net::http::status::ok, "API keys",
                         page_json(page, [&](JsonWriter& json, const store::StoredApiKey& key) {
                           write_members(json, key, owner).end_object();
                         }));
}

// POST …/api-keys: 201 with the key, whose secret is shown this once.
Task<Result<Response>> create_api_key(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto body, JsonBody::parse(request->http->body));
  const auto owner = owner_of(*request);
  const auto now = wall_now();
  store::NewApiKey made{.id = context.ids.next<ApiKeyTag>(),
                        .organisation = owner.organisation,
                        .project = owner.project,
                        .name = {},
                        .mask = {}};
  FL_CO_TRY(made.name, body.required_text("name", kNameBytesMax));
  FL_CO_TRY(made.scope, scope_from(body));
  FL_CO_TRY_VOID(apply_expiry(made.expires_at, body, now));
  const auto key = make_api_key();
  made.mask = key.mask;
  made.hash = key.hash;
  FL_CO_TRY(const auto stored, co_await context.db.run(TxKind::read_write, &insert, owner, made, now));
  JsonWriter json;
  write_members(json, stored, owner).field("key", key.text.reveal()).end_object();
  co_return with_etag(net::success(net::http::status::created, "API key created", json.take()), stored.updated_at);
}

Task<Result<Response>> show_api_key(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto id, id_of(*request));
  const auto owner = owner_of(*request);
  FL_CO_TRY(const auto key, co_await context.db.run(TxKind::autocommit, &store::get_api_key, owner, id));
  co_return key_response(net::http::status::ok, "API key", key, owner);
}

Task<Result<Response>> update_api_key(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto id, id_of(*request));
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  const auto work = [request, id, body = std::move(body)](Tx& tx) { return update(tx, *request, id, body); };
  FL_CO_TRY(const auto key, co_await context.db.run(TxKind::read_write, work));
  context.authenticator.forget();
  co_return key_response(net::http::status::accepted, "API key updated", key, owner_of(*request));
}

// DELETE …/api-keys/{api_key}: ends at once here, and within a second at every other node.
Task<Result<Response>> delete_api_key(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto id, id_of(*request));
  const auto work = [request, id](Tx& tx) { return remove(tx, *request, id); };
  FL_CO_TRY([[maybe_unused]] const bool is_gone, co_await context.db.run(TxKind::read_write, work));
  context.authenticator.forget();
  co_return net::success(net::http::status::ok, "API key deleted", "null");
}

}  // namespace fairlead::control
