// Configuration as the data plane sees it: plain values, read from the store into an immutable snapshot.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/core/secret.hpp"
#include "common/domain/breaker.hpp"
#include "common/domain/retry.hpp"

namespace fairlead {

using KeyHash = std::array<std::uint8_t, 32>;

struct ApiKeyConfig {
  ApiKeyId id;
  OrganisationId organisation;
  std::optional<ProjectId> project;  // none: the whole organisation
  KeyHash hash{};
  std::optional<TimePoint> expires_at;
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
  bool is_unreadable = false;  // its secrets were sealed by another master key: it cannot be sent to
};

struct SubscriptionConfig {
  SubscriptionId id;
  EndpointId endpoint;
  std::vector<std::string> event_types;
  std::optional<RetryPolicy> retry;  // none: the project's
  bool is_at_most_once = false;
};

// How the header signature is made: hash and encoding, by name, per version.
struct SignatureSpec {
  bool is_sha512 = false;
  bool is_base64 = false;
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
};

}  // namespace fairlead
