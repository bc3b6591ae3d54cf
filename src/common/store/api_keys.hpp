// API keys: only the SHA-256 of a key is kept, so a look-up is by that hash.
#pragma once

#include <optional>
#include <string>

#include "common/core/id.hpp"
#include "common/domain/config.hpp"
#include "common/store/db.hpp"

namespace fairlead::store {

struct ApiKey {
  ApiKeyId id;
  OrganisationId organisation;
  std::optional<ProjectId> project;  // none: every project of the organisation
  std::optional<TimePoint> expires_at;
};

struct NewApiKey {
  ApiKeyId id;
  OrganisationId organisation;
  std::optional<ProjectId> project;
  std::string name;
  std::string mask;
  KeyHash hash{};
  std::optional<TimePoint> expires_at = {};
};

// The key with that hash, if it and its project live; its expiry is the caller's to judge.
[[nodiscard]] Result<std::optional<ApiKey>> find_api_key(Tx& tx, const KeyHash& hash);
// Follow begin_project_change or begin_organisation_change, whose number they take.
[[nodiscard]] Result<void> insert_api_key(Tx& tx, const NewApiKey& key, std::int64_t version, TimePoint now);
// Tombstones every living organisation key of that name; how many.
[[nodiscard]] Result<int> delete_organisation_keys(Tx& tx, const NewApiKey& like, std::int64_t version, TimePoint now);

}  // namespace fairlead::store
