// Reads configuration for the data plane's snapshot: everything, or what is newer than a version.
#pragma once

#include <vector>

#include "common/crypto/seal.hpp"
#include "common/domain/config.hpp"
#include "common/store/db.hpp"
#include "common/store/filters.hpp"
#include "common/store/sources.hpp"

namespace fairlead::store {

struct ProjectRow {
  ProjectId id;
  OrganisationId organisation;
  std::int64_t version = 0;
  bool is_deleted = false;
  ProjectSettings settings;
};
struct EndpointChange {
  ProjectId project;
  bool is_deleted = false;
  EndpointConfig endpoint;
};
struct SubscriptionChange {
  ProjectId project;
  bool is_deleted = false;
  SubscriptionConfig subscription;
};
struct ApiKeyChange {
  bool is_deleted = false;
  ApiKeyConfig key;
};
struct ConfigChanges {
  std::int64_t version = 0;  // of config_counter, read in the same snapshot
  std::vector<ProjectRow> projects;
  std::vector<EndpointChange> endpoints;
  std::vector<SubscriptionChange> subscriptions;
  std::vector<FilterChange> filters;
  std::vector<ApiKeyChange> keys;
  std::vector<SourceChange> sources;
};

// The number that every configuration change raises; run it autocommit.
[[nodiscard]] Result<std::int64_t> config_version(Tx& tx);
// Everything newer than `since` (0: everything that lives); run it in TxKind::snapshot.
[[nodiscard]] Result<ConfigChanges> read_config_changes(Tx& tx, std::int64_t since, const crypto::Sealer& sealer);
// The catch-all subscription of an endpoint that nobody subscribed; false if the endpoint is gone.
[[nodiscard]] Result<bool> ensure_catch_all(Tx& tx, ProjectId project, EndpointId endpoint,
                                            SubscriptionId subscription);

}  // namespace fairlead::store
