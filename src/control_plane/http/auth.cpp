#include "control_plane/http/auth.hpp"

#include <cstring>

#include "common/crypto/digest.hpp"
#include "common/store/projects.hpp"

namespace fairlead::control {
namespace {

auto refused() { return fail(Error{Code::unauthorized, "the credential is not valid", "authorization_failed"}); }

bool is_bearer(std::string_view scheme) {
  constexpr std::string_view kBearer = "bearer";
  return scheme.size() == kBearer.size() &&
         std::equal(scheme.begin(), scheme.end(), kBearer.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

}  // namespace

Result<KeyHash> parse_authorization(std::optional<std::string_view> header) {
  const auto missing = [] {
    return fail(Error{Code::unauthorized, "Authentication required: send Authorization: Bearer <API key>",
                      "authentication_required"});
  };
  if (!header) return missing();
  const auto space = header->find(' ');
  if (space == std::string_view::npos || space == 0 || space + 1 == header->size()) return missing();
  const auto credential = header->substr(space + 1);
  if (credential.find(' ') != std::string_view::npos) return missing();
  if (!is_bearer(header->substr(0, space)) || !credential.starts_with("CO.") || credential.size() > 256)
    return refused();
  return crypto::sha256(credential);
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

Task<Result<Caller>> Authenticator::authenticate(KeyHash hash) {
  std::optional<store::ApiKey> key;
  std::uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    generation = generation_;
    if (const auto found = keys_.find(hash); found != keys_.end() && Steady::now() < found->second.until)
      key = found->second.value;
  }
  if (!key) {
    const auto asked_at = Steady::now();
    FL_CO_TRY(key, co_await db_.run(store::TxKind::autocommit, &store::find_api_key, hash));
    if (!key) co_return refused();
    const std::lock_guard lock(mutex_);
    if (generation == generation_) remember(keys_, hash, {*key, asked_at + memory});
  }
  if (key->expires_at && *key->expires_at <= wall_now()) co_return refused();
  co_return Caller{key->id, key->organisation, key->project};
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
  keys_.clear();
  owners_.clear();
}

}  // namespace fairlead::control
