// What a request may say of an endpoint (wire contract 3.2): checked, and applied to the endpoint.
#pragma once

#include "common/crypto/seal.hpp"
#include "common/net/address_guard.hpp"
#include "common/store/endpoints.hpp"
#include "control_plane/http/api_version.hpp"
#include "control_plane/http/id_source.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/services/project_config.hpp"

namespace fairlead::control {

inline constexpr std::size_t live_secrets_max = 10;

struct EndpointRules {
  const crypto::Sealer& sealer;
  const net::AddressGuard& guard;
  ProjectConfig config;
  bool is_outgoing = true;
  ApiVersion version;
};

// Name and URL are required; of the rest, what is absent stays as it is and null clears. Code::invalid names the field.
[[nodiscard]] Result<void> apply_endpoint_input(store::Endpoint& endpoint, const JsonBody& body,
                                                const EndpointRules& rules);

// A signing secret sealed for the endpoint; generated if `value` is empty.
[[nodiscard]] store::StoredSecret make_secret(const store::Endpoint& endpoint, std::string value,
                                              const crypto::Sealer& sealer, IdSource& ids, TimePoint now);
// "secret" of a request; empty if it is absent. Code::invalid if it is too long.
[[nodiscard]] Result<std::string> read_secret(const JsonBody& body);
// Code::invalid, unless "secret" is absent or a secret that the endpoint has.
[[nodiscard]] Result<void> check_secret_unchanged(const store::Endpoint& endpoint, const JsonBody& body,
                                                  const crypto::Sealer& sealer);

}  // namespace fairlead::control
