// Configuration as the data plane sees it: plain values, read from the store into an immutable snapshot.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/core/client_certificate.hpp"
#include "common/core/id.hpp"
#include "common/core/secret.hpp"
#include "common/domain/breaker.hpp"
#include "common/domain/credential.hpp"
#include "common/domain/retry.hpp"

namespace fairlead {

using KeyHash = std::array<std::uint8_t, 32>;

struct ApiKeyConfig {
  ApiKeyId id;
  OrganisationId organisation;
  std::optional<ProjectId> project;  // none: the whole organisation
  KeyHash hash{};
  std::optional<TimePoint> expires_at;
  KeyScope scope = KeyScope::full;
  std::shared_ptr<KeyUse> use = std::make_shared<KeyUse>();  // shared by all snapshots that hold the key
};

struct SecretConfig {
  Secret value;
  std::optional<TimePoint> expires_at;  // exact: from then on it signs nothing
};

enum class EndpointStatus { active, paused, inactive };

// The header that proves us to the endpoint: an API key's own, or Authorization for basic authentication.
struct AuthenticationHeader {
  std::string name;
  Secret value;
};

struct EndpointConfig {
  EndpointId id;
  std::string url;
  std::string owner_id;
  EndpointStatus status = EndpointStatus::active;
  int generation = 1;
  bool has_advanced_signatures = true;
  std::chrono::seconds timeout{10};
  int rate_limit = 0;  // per rate_window; 0: none
  std::chrono::seconds rate_window{1};
  std::vector<SecretConfig> secrets;  // oldest first
  std::optional<AuthenticationHeader> authentication;
  std::shared_ptr<const Secret> oauth;  // OAuth 2.0 client credentials (net/oauth reads them); null: none
  std::shared_ptr<const ClientCertificate> certificate;
  bool is_form = false;        // bodies travel as application/x-www-form-urlencoded
  bool is_unreadable = false;  // its secrets were sealed by another master key: it cannot be sent to
};

class SubscriptionFilters;

struct SubscriptionConfig {
  SubscriptionId id;
  EndpointId endpoint;
  std::optional<SourceId> source;  // selects what this source brings, and nothing else; none: what producers send
  std::vector<std::string> event_types;
  std::optional<RetryPolicy> retry;  // none: the project's
  bool is_at_most_once = false;
  std::shared_ptr<const SubscriptionFilters> filters;  // set by the snapshot; null: none, every event passes
};

// How the header signature is made: hash and encoding, by name, per version.
struct SignatureSpec {
  bool is_sha512 = false;
  bool is_base64 = false;
};

// What a project wants to be told of its deliveries.
struct MetaEventSettings {
  bool tells_success = false;
  bool tells_failure = false;
  bool tells_update = false;  // an attempt that failed and will be repeated
};

struct ProjectSettings {
  std::size_t payload_bytes_max = 1024 * 1024;
  RetryPolicy retry;
  std::string signature_header = "X-Convoy-Signature";
  std::vector<SignatureSpec> signatures = {SignatureSpec{}};
  std::string request_id_header = "X-Convoy-Idempotency-Key";
  bool has_event_id_headers = false;
  int events_max = 0;  // accepted per events_window by one data plane; 0: no limit
  std::chrono::seconds events_window{1};
  bool disables_endpoints = true;
  BreakerPolicy breaker;
  MetaEventSettings meta_events;
};

}  // namespace fairlead
