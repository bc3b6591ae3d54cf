#include "control_plane/http/auth.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstring>

#include "common/crypto/digest.hpp"
#include "common/store/projects.hpp"
#include "control_plane/http/router.hpp"

namespace fairlead::control {
namespace {

namespace asio = boost::asio;

auto refused() { return fail(Error{Code::unauthorized, "the credential is not valid", "authorization_failed"}); }

auto forbidden(const char* reason, const char* message) { return fail(Error{Code::forbidden, message, reason}); }

bool is_bearer(std::string_view scheme) {
  constexpr std::string_view kBearer = "bearer";
  return scheme.size() == kBearer.size() &&
         std::equal(scheme.begin(), scheme.end(), kBearer.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

Caller caller_from(const store::ApiKey& key) {
  return {.key = key.id, .organisation = key.organisation, .project = key.project, .scope = key.scope, .portal = {}};
}

Caller caller_from(const store::PortalAccess& access) {
  const auto& link = access.link;
  auto scope = std::make_shared<PortalScope>(
      PortalScope{.link = link.id,
                  .owner_id = link.owner_id,
                  .may_manage_endpoints = link.can_manage_endpoint,
                  .may_see_payloads = link.can_see_payloads,
                  .may_see_secrets = link.can_rotate_secrets.value_or(link.can_manage_endpoint),
                  .may_replay = link.can_replay,
                  .event_types = link.event_types});
  return {.key = {},
          .organisation = access.organisation,
          .project = link.project,
          .scope = KeyScope::full,
          .portal = std::move(scope)};
}

Task<void> save_use(store::Db* db, store::KeyLastUse use) {
  const auto saved =
      co_await db->run(store::TxKind::autocommit, &store::save_key_uses, std::vector<store::KeyLastUse>{use});
  if (!saved) spdlog::warn("key_use_failed key={} error={}", to_text(use.id), saved.error().message);
}

}  // namespace

Result<Credential> parse_authorization(std::optional<std::string_view> header) {
  const auto missing = [] {
    return fail(Error{Code::unauthorized, "Authentication required: send Authorization: Bearer <API key>",
                      "authentication_required"});
  };
  if (!header) return missing();
  const auto space = header->find(' ');
  if (space == std::string_view::npos || space == 0 || space + 1 == header->size()) return missing();
  const auto text = header->substr(space + 1);
  if (text.find(' ') != std::string_view::npos) return missing();
  if (!is_bearer(header->substr(0, space)) || text.size() > 256) return refused();
  auto kind = Credential::Kind::portal_link;
  if (text.starts_with("CO."))
    kind = Credential::Kind::api_key;
  else if (text.starts_with("PRT."))
    kind = Credential::Kind::portal_token;
  else if (text.find('.') != std::string_view::npos)
    return refused();
  return Credential{kind, crypto::sha256(text)};
}

KeyScope scope_of(const Route& route) {
  if (route.method == http::verb::get && !route.path.ends_with("/refresh_token")) return KeyScope::read_only;
  constexpr std::string_view kEvents = "/api/v1/projects/{project}/events";
  constexpr std::array<std::string_view, 5> kCreations = {"/?", "/fanout", "/broadcast", "/dynamic", "/batch"};
  if (route.method == http::verb::post && route.path.starts_with(kEvents)) {
    const auto rest = route.path.substr(kEvents.size());
    if (std::ranges::find(kCreations, rest) != kCreations.end()) return KeyScope::events_only;
  }
  return KeyScope::full;
}

Result<void> check_right(const Caller& caller, const Route& route) {
  if (caller.portal) {
    const auto& scope = *caller.portal;
    if (route.portal == Portal::refused)
      return forbidden("portal_token_refused", "this is not open to portal tokens: use an API key");
    const bool is_allowed = route.portal == Portal::read ||
                            (route.portal == Portal::manage && scope.may_manage_endpoints) ||
                            (route.portal == Portal::rotate && scope.may_see_secrets) ||
                            (route.portal == Portal::replay && scope.may_replay);
    if (!is_allowed) return forbidden("capability_missing", "this portal link does not allow it");
    return {};
  }
  if (route.right == Right::organisation_key && caller.project)
    return forbidden("organisation_key_required", "this needs a key of the organisation");
  if (caller.scope != KeyScope::full && caller.scope != scope_of(route)) {
    return forbidden("insufficient_scope", caller.scope == KeyScope::read_only
                                               ? "this key may only read"
                                               : "this key may create events, and nothing else");
  }
  return {};
}

std::size_t Authenticator::HashOfHash::operator()(const KeyHash& hash) const noexcept {
  std::size_t head = 0;
  std::memcpy(&head, hash.data(), sizeof head);
  return head;
}

template <class Map>
void Authenticator::remember(Map& map, typename Map::key_type key, typename Map::mapped_type entry) {
  if (map.size() >= remembered_max) map.clear();
  map.insert_or_assign(std::move(key), std::move(entry));
}

Task<Result<std::optional<Authenticator::Known>>> Authenticator::look_up(Credential credential) {
  if (credential.kind == Credential::Kind::api_key) {
    FL_CO_TRY(const auto key,
              co_await db_.run(store::TxKind::autocommit, &store::find_api_key, KeyHash(credential.hash)));
    if (!key) co_return std::nullopt;
    co_return Known{caller_from(*key), key->expires_at};
  }
  const auto kind = credential.kind == Credential::Kind::portal_token ? store::PortalTokenKind::short_lived
                                                                      : store::PortalTokenKind::permanent;
  FL_CO_TRY(const auto access,
            co_await db_.run(store::TxKind::autocommit, &store::find_portal_access, kind, KeyHash(credential.hash)));
  if (!access) co_return std::nullopt;
  co_return Known{caller_from(*access), access->expires_at};
}

bool Authenticator::is_worth_noting(const ApiKeyId& key, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (noted_.size() >= remembered_max) noted_.clear();
  auto& last = noted_[key];
  if (now - last < KeyUse::step) return false;
  last = now;
  return true;
}

Task<Result<Caller>> Authenticator::authenticate(Credential credential) {
  std::optional<Known> known;
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = generation_;
    if (const auto found = credentials_.find(credential.hash);
        found != credentials_.end() && Steady::now() < found->second.until)
      known = found->second.value;
  }
  if (!known) {
    const auto asked_at = Steady::now();
    FL_CO_TRY(known, co_await look_up(credential));
    if (!known) co_return refused();
    const std::lock_guard lock(mutex_);
    if (generation == generation_) remember(credentials_, credential.hash, {*known, asked_at + memory});
  }
  const auto now = wall_now();
  if (known->expires_at && *known->expires_at <= now) co_return refused();
  if (!known->caller.portal && is_worth_noting(known->caller.key, now)) {
    asio::co_spawn(co_await asio::this_coro::executor, save_use(&db_, {known->caller.key, now}), asio::detached);
  }
  co_return known->caller;
}

Task<Result<ProjectId>> Authenticator::reach_project(Caller caller, std::string id_text) {
  const auto not_found = [] { return fail(Code::not_found, "project not found"); };
  const auto project = parse_id<ProjectTag>(id_text);
  if (!project) co_return not_found();
  if (caller.project) {  // the key lives, so its project does
    if (*caller.project != *project) co_return not_found();
    co_return *project;
  }
  std::optional<OrganisationId> owner;
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = generation_;
    if (const auto found = owners_.find(*project); found != owners_.end() && Steady::now() < found->second.until) {
      owner = found->second.value;
    }
  }
  if (!owner) {
    const auto asked_at = Steady::now();
    FL_CO_TRY(owner, co_await db_.run(store::TxKind::autocommit, &store::find_project_owner, *project));
    if (!owner) co_return not_found();
    const std::lock_guard lock(mutex_);
    if (generation == generation_) remember(owners_, *project, {*owner, asked_at + memory});
  }
  if (*owner != caller.organisation) co_return not_found();
  co_return *project;
}

void Authenticator::forget() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  credentials_.clear();
  owners_.clear();
}

}  // namespace fairlead::control
