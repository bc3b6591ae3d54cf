#include "control_plane/resources/portal_links.hpp"

#include "common/store/config_change.hpp"
#include "common/store/endpoints.hpp"
#include "common/store/portal_links.hpp"
#include "control_plane/http/auth.hpp"
#include "control_plane/http/base_url.hpp"
#include "control_plane/http/etag.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/services/key_maker.hpp"
#include "control_plane/services/portal_link_input.hpp"
#include "control_plane/services/portal_link_json.hpp"

namespace fairlead::control {
namespace {

using store::PortalLink;
using store::Tx;
using store::TxKind;

constexpr Micros kTokenLife = std::chrono::hours(1);

struct LinkKey {
  ProjectId project;
  PortalLinkId id;
};

struct ShownLink {
  PortalLink link;
  PortalSecrets secrets;
};

Result<LinkKey> key_of(const Request& request) {
  FL_TRY(const auto id, request.id<PortalLinkTag>("portal_link", "portal link"));
  return LinkKey{request.project(), id};
}

PortalView view_for(const Context& context, const Request& request) {
  return {base_url(context, *request.http), ApiVersion::from_header(request.http->header("X-Convoy-Version"))};
}

Response link_response(const Context& context, const Request& request, net::http::status status,
                       std::string_view message, const ShownLink& shown) {
  JsonWriter json;
  write_portal_link(json, shown.link, shown.secrets, view_for(context, request));
  return with_etag(net::success(status, message, json.take()), shown.link.updated_at);
}

Result<std::string> mint_token(Tx& tx, const PortalLink& link, const crypto::Sealer& sealer, TimePoint now) {
  const auto made = make_portal_key();
  const store::PortalToken token{
      .hash = made.hash, .sealed = sealer.seal(made.text.reveal(), to_text(link.id)), .expires_at = now + kTokenLife};
  FL_TRY_VOID(store::insert_portal_token(tx, link, token, now));
  return made.text.reveal();
}

// How long a token has to live yet for a link to show it: what embeds it reads the link again before that.
enum class Freshness { any, half_life };

// The newest token that lives that long, or an empty text.
Result<std::string> known_token(Tx& tx, const PortalLink& link, const crypto::Sealer& sealer, Freshness freshness) {
  const auto at_least = freshness == Freshness::half_life ? kTokenLife / 2 : Micros(0);
  FL_TRY(const auto token, store::find_portal_token(tx, link.project, link.id, wall_now() + at_least));
  if (!token) return std::string();
  FL_TRY(const auto text, sealer.open(token->sealed, to_text(link.id)));
  return text.reveal();
}

// The static token, and of a link with short-lived ones the newest. Tokens open the portal with all that the link
// allows: a key that may only read does not get them.
Result<PortalSecrets> secrets_of(Tx& tx, const PortalLink& link, const Caller& caller, const crypto::Sealer& sealer,
                                 Freshness freshness) {
  PortalSecrets secrets;
  if (caller.portal || caller.scope != KeyScope::full) return secrets;
  FL_TRY(const auto token, sealer.open(link.token_sealed, to_text(link.id)));
  secrets.token = token.reveal();
  if (link.auth_type != "refresh_token") return secrets;
  FL_TRY(secrets.auth_key, known_token(tx, link, sealer, freshness));
  return secrets;
}

// An answer that shows one link to somebody who may open the portal carries a token that lives at least half an hour
// more. It is made only if there is none, so reading again and again makes nothing.
Result<ShownLink> shown_link(Tx& tx, PortalLink link, const Caller& caller, const crypto::Sealer& sealer) {
  FL_TRY(auto secrets, secrets_of(tx, link, caller, sealer, Freshness::half_life));
  if (link.auth_type == "refresh_token" && !secrets.token.empty() && secrets.auth_key.empty()) {
    FL_TRY([[maybe_unused]] const auto locked, store::lock_portal_link(tx, link.project, link.id));
    FL_TRY(secrets.auth_key, known_token(tx, link, sealer, Freshness::half_life));
    if (secrets.auth_key.empty()) {
      FL_TRY(secrets.auth_key, mint_token(tx, link, sealer, wall_now()));
    }
  }
  return ShownLink{std::move(link), std::move(secrets)};
}

// The deprecated list: each endpoint comes into the link's owner's hands, unless it is somebody else's.
Result<void> take_endpoints(Tx& tx, const PortalLink& link, const std::vector<EndpointId>& ids) {
  if (ids.empty()) return {};
  FL_TRY(const auto version, store::begin_project_change(tx, link.project));
  for (std::size_t index = 0; index < ids.size(); ++index) {
    const std::string field = "endpoints." + std::to_string(index);
    auto endpoint = store::get_endpoint(tx, link.project, ids[index]);
    if (!endpoint) {
      auto error = endpoint.error();
      error.field = field;
      return fail(std::move(error));
    }
    if (endpoint->owner_id == link.owner_id) continue;
    if (!endpoint->owner_id.empty())
      return bad_field(field, "owner_mismatch", field + ": the endpoint belongs to another owner");
    endpoint->owner_id = link.owner_id;
    endpoint->updated_at = wall_now();
    FL_TRY_VOID(store::update_endpoint(tx, *endpoint, version));
  }
  return {};
}

Result<ShownLink> insert(Tx& tx, const Context& context, const Request& request, PortalLink link,
                         const std::vector<EndpointId>& endpoints) {
  FL_TRY_VOID(take_endpoints(tx, link, endpoints));
  FL_TRY_VOID(store::insert_portal_link(tx, link));
  FL_TRY(link, store::get_portal_link(tx, link.project, link.id));
  return shown_link(tx, std::move(link), request.caller, context.sealer);
}

Result<ShownLink> update(Tx& tx, const Context& context, const Request& request, const LinkKey& key,
                         const JsonBody& body) {
  FL_TRY(const auto endpoints, read_portal_endpoints(body));
  FL_TRY(auto link, store::lock_portal_link(tx, key.project, key.id));
  FL_TRY_VOID(check_if_match(*request.http, link.updated_at));
  FL_TRY_VOID(apply_portal_link_input(link, body));
  FL_TRY_VOID(take_endpoints(tx, link, endpoints));
  link.updated_at = wall_now();
  FL_TRY_VOID(store::update_portal_link(tx, link));
  FL_TRY(link, store::get_portal_link(tx, key.project, key.id));
  return shown_link(tx, std::move(link), request.caller, context.sealer);
}

struct ShownPage {
  Page<PortalLink> page;
  std::vector<PortalSecrets> secrets;
};

}  // namespace

Task<Result<Response>> list_portal_links(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto page_query, parse_page(request->query, false));
  store::PortalLinkFilter filter{.project = request->project()};
  filter.owner_id = request->query.first("ownerId").value_or("");
  filter.name_part = request->query.first("q").value_or("");
  for (const auto& text : request->query.all("endpointId"))
    filter.endpoints.push_back(parse_id<EndpointTag>(text).value_or(EndpointId{}));
  const auto read = [&context, request, page_query, filter](Tx& tx) -> Result<ShownPage> {
    ShownPage shown;
    FL_TRY(shown.page, read_page<PortalLink>(page_query, [&](const store::Keyset& slice) {
             return store::list_portal_links(tx, filter, slice);
           }));
    for (const auto& link : shown.page.rows) {
      FL_TRY(auto secrets, secrets_of(tx, link, request->caller, context.sealer, Freshness::any));
      shown.secrets.push_back(std::move(secrets));
    }
    return shown;
  };
  FL_CO_TRY(const auto shown, co_await context.db.run(TxKind::snapshot, read));
  const auto view = view_for(context, *request);
  std::size_t index = 0;
  co_return net::success(net::http::status::ok, "Portal links",
                         page_json(shown.page, [&](JsonWriter& json, const PortalLink& link) {
                           write_portal_link(json, link, shown.secrets[index++], view);
                         }));
}

// POST …/portal-links: 201 with the link, its token and its URL.
Task<Result<Response>> create_portal_link(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto body, JsonBody::parse(request->http->body));
  PortalLink link{.project = request->project(), .id = context.ids.next<PortalLinkTag>()};
  FL_CO_TRY_VOID(apply_portal_link_input(link, body));
  FL_CO_TRY(const auto endpoints, read_portal_endpoints(body));
  const auto token = make_portal_token();
  link.token_hash = token.hash;
  link.token_sealed = context.sealer.seal(token.text.reveal(), to_text(link.id));
  link.created_at = link.updated_at = wall_now();
  const auto work = [&context, request, link, endpoints](Tx& tx) {
    return insert(tx, context, *request, link, endpoints);
  };
  FL_CO_TRY(const auto shown, co_await context.db.run(TxKind::read_write, work));
  co_return link_response(context, *request, net::http::status::created, "Portal link created", shown);
}

Task<Result<Response>> show_portal_link(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  const auto work = [&context, request, key](Tx& tx) -> Result<ShownLink> {
    FL_TRY(auto link, store::get_portal_link(tx, key.project, key.id));
    return shown_link(tx, std::move(link), request->caller, context.sealer);
  };
  FL_CO_TRY(const auto shown, co_await context.db.run(TxKind::read_write, work));
  co_return link_response(context, *request, net::http::status::ok, "Portal link", shown);
}

Task<Result<Response>> update_portal_link(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  const auto work = [&context, request, key, body = std::move(body)](Tx& tx) {
    return update(tx, context, *request, key, body);
  };
  FL_CO_TRY(const auto shown, co_await context.db.run(TxKind::read_write, work));
  context.authenticator.forget();
  co_return link_response(context, *request, net::http::status::accepted, "Portal link updated", shown);
}

// GET …/refresh_token: a new token, which lives an hour; older ones live on until their own end.
Task<Result<Response>> refresh_portal_token(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  const auto work = [&context, key](Tx& tx) -> Result<std::string> {
    FL_TRY(const auto link, store::lock_portal_link(tx, key.project, key.id));
    if (link.auth_type != "refresh_token") {
      return fail(Error{Code::invalid, "this portal link has a static token: its auth_type is not refresh_token",
                        "wrong_auth_type"});
    }
    return mint_token(tx, link, context.sealer, wall_now());
  };
  FL_CO_TRY(const auto token, co_await context.db.run(TxKind::read_write, work));
  JsonWriter json;
  json.value(token);
  co_return net::success(net::http::status::ok, "Portal link token refreshed", json.take());
}

// PUT …/revoke (or DELETE): the link and all its tokens end at once here, and within a second at every other node.
Task<Result<Response>> revoke_portal_link(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  const auto work = [request, key](Tx& tx) -> Result<bool> {
    FL_TRY(const auto link, store::lock_portal_link(tx, key.project, key.id));
    FL_TRY_VOID(check_if_match(*request->http, link.updated_at));
    FL_TRY_VOID(store::delete_portal_link(tx, key.project, key.id, wall_now()));
    return true;
  };
  FL_CO_TRY([[maybe_unused]] const bool is_gone, co_await context.db.run(TxKind::read_write, work));
  context.authenticator.forget();
  co_return net::success(net::http::status::ok, "Portal link revoked", "null");
}

}  // namespace fairlead::control
