// Endpoints as answers show them (wire contract 2.1).
#pragma once

#include "common/crypto/seal.hpp"
#include "common/store/endpoints.hpp"
#include "common/store/subscriptions.hpp"
#include "control_plane/http/api_version.hpp"
#include "control_plane/http/json_writer.hpp"

namespace fairlead::control {

struct EndpointView {
  const crypto::Sealer& sealer;
  ApiVersion version;
  TimePoint now;
  bool shows_secrets = true;  // false: signing secrets are redacted too
};
// Signing secrets in clear, credentials redacted. Code::internal if a sealed value cannot be opened.
[[nodiscard]] Result<void> write_endpoint(JsonWriter& json, const store::Endpoint& endpoint, const EndpointView& view);
// The part that other objects carry along: no secrets, the rest with zero values. `version`: of those objects whose
// shape follows the caller's version.
void write_endpoint_brief(JsonWriter& json, const store::EndpointBrief& endpoint, ApiVersion version = {});

}  // namespace fairlead::control
