// API keys: only the SHA-256 of a key is kept, so a look-up is by that hash.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/domain/config.hpp"
#include "common/store/db.hpp"
#include "common/store/keyset.hpp"

namespace fairlead::store {

struct ApiKey {
  ApiKeyId id;
  OrganisationId organisation;
  std::optional<ProjectId> project;  // none: every project of the organisation
  std::optional<TimePoint> expires_at;
  KeyScope scope = KeyScope::full;
};

struct NewApiKey {
  ApiKeyId id;
  OrganisationId organisation;
  std::optional<ProjectId> project;
  std::string name;
  std::string mask;
  KeyHash hash{};
  std::optional<TimePoint> expires_at = {};
  KeyScope scope = KeyScope::full;
};

// A key as people see it.
struct StoredApiKey {
  ApiKeyId id;
  std::string name;
  std::string mask;
  KeyScope scope = KeyScope::full;
  std::optional<TimePoint> expires_at;
  std::optional<TimePoint> last_used_at;
  TimePoint created_at;
  TimePoint updated_at;
};

// Whose keys: a project's, or those of the organisation itself.
struct KeyOwner {
  OrganisationId organisation;
  std::optional<ProjectId> project;
};

struct KeyLastUse {
  ApiKeyId id;
  TimePoint at;
};

inline constexpr int api_keys_per_owner_max = 1000;

// The key with that hash, if it and its project live; its expiry is the caller's to judge.
[[nodiscard]] Result<std::optional<ApiKey>> find_api_key(Tx& tx, const KeyHash& hash);
// The owner's living key, or Code::not_found.
[[nodiscard]] Result<StoredApiKey> get_api_key(Tx& tx, const KeyOwner& owner, const ApiKeyId& id);
[[nodiscard]] Result<std::vector<StoredApiKey>> list_api_keys(Tx& tx, const KeyOwner& owner, const Keyset& keyset);
[[nodiscard]] Result<int> count_api_keys(Tx& tx, const KeyOwner& owner);
// Follow begin_project_change or begin_organisation_change, whose number they take.
[[nodiscard]] Result<void> insert_api_key(Tx& tx, const NewApiKey& key, std::int64_t version, TimePoint now);
// Name and expiry. Code::not_found if there is none.
[[nodiscard]] Result<void> update_api_key(Tx& tx, const KeyOwner& owner, const StoredApiKey& key, std::int64_t version);
// A tombstone. Code::not_found if there is none.
[[nodiscard]] Result<void> delete_api_key(Tx& tx, const KeyOwner& owner, const ApiKeyId& id, std::int64_t version,
                                          TimePoint now);
// Tombstones every living organisation key of that name; how many.
[[nodiscard]] Result<int> delete_organisation_keys(Tx& tx, const NewApiKey& like, std::int64_t version, TimePoint now);
// Moves last_used_at forward; how many were older. No configuration number: the data plane does not read it.
// Autocommit.
[[nodiscard]] Result<int> save_key_uses(Tx& tx, const std::vector<KeyLastUse>& uses);

}  // namespace fairlead::store
