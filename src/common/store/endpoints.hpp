// Endpoints as the management API sees them, together with what the data plane reported of them (endpoint_state).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/store/db.hpp"
#include "common/store/keyset.hpp"

namespace fairlead::store {

struct StoredSecret {
  SecretId id;
  std::string sealed;  // raw bytes
  std::optional<TimePoint> expires_at;
  TimePoint created_at;
  TimePoint updated_at;
};

// As they stand in endpoints.secrets.
[[nodiscard]] std::string secrets_to_json(const std::vector<StoredSecret>& secrets);

struct StoredAuthentication {
  std::string type;    // api_key, basic_auth, oauth2
  std::string sealed;  // raw bytes
};

struct StoredCertificate {
  std::string chain_pem;
  std::string sealed_key;  // raw bytes
};

struct Endpoint {
  ProjectId project;
  EndpointId id;
  std::string name;
  std::string url;
  std::string owner_id;
  std::string description;
  std::string status = "active";  // as configured: active, paused, inactive
  int generation = 1;
  bool has_advanced_signatures = true;
  int http_timeout = 0;         // seconds; 0: the default
  int rate_limit = 0;           // 0: none
  int rate_limit_duration = 0;  // seconds
  std::string support_email;
  std::string slack_webhook_url;
  std::string teams_webhook_url;
  std::vector<StoredSecret> secrets;  // oldest first
  std::optional<StoredAuthentication> authentication;
  std::string content_type = "application/json";
  std::optional<StoredCertificate> certificate;  // that we show in the TLS handshake
  TimePoint created_at;
  TimePoint updated_at;
  // From endpoint_state; read only.
  bool is_auto_disabled = false;  // in the present generation
  std::string state_reason;
  std::optional<TimePoint> breaker_open_until;

  // The configured status, unless the data plane disabled the endpoint since it was last activated.
  [[nodiscard]] const char* effective_status() const;
};

struct EndpointFilter {
  ProjectId project;
  std::string name_part;  // case-insensitive; empty: any
  std::string owner_id;   // empty: any
};

// The living endpoint, or Code::not_found.
[[nodiscard]] Result<Endpoint> get_endpoint(Tx& tx, const ProjectId& project, const EndpointId& id);
[[nodiscard]] Result<std::vector<Endpoint>> list_endpoints(Tx& tx, const EndpointFilter& filter, const Keyset& keyset);
// The living endpoints that have one of these URLs, the oldest of each.
[[nodiscard]] Result<std::map<std::string, EndpointId>> find_endpoints_by_url(Tx& tx, const ProjectId& project,
                                                                              const std::vector<std::string>& urls);
// Follow begin_project_change, whose number they take.
[[nodiscard]] Result<void> insert_endpoints(Tx& tx, const std::vector<Endpoint>& endpoints, std::int64_t version);
[[nodiscard]] Result<void> insert_endpoint(Tx& tx, const Endpoint& endpoint, std::int64_t version);
[[nodiscard]] Result<void> update_endpoint(Tx& tx, const Endpoint& endpoint, std::int64_t version);
// A tombstone, and its subscriptions with it. Code::not_found if there is none.
[[nodiscard]] Result<void> delete_endpoint(Tx& tx, const ProjectId& project, const EndpointId& id, std::int64_t version,
                                           TimePoint now);

}  // namespace fairlead::store
