// What an endpoint's requests carry to prove themselves: read from requests, sealed, shown redacted.
#pragma once

#include <optional>

#include "common/crypto/seal.hpp"
#include "common/net/address_guard.hpp"
#include "common/store/endpoint_shown.hpp"
#include "common/store/endpoints.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/http/json_writer.hpp"

namespace fairlead::control {

using store::redacted;

// The value of "authentication", sealed for the endpoint. A redacted credential stands for the one that is kept.
// Nothing for an empty type. Code::invalid names the field.
[[nodiscard]] Result<std::optional<store::StoredAuthentication>> read_authentication(const JsonBody& input,
                                                                                     const store::Endpoint& endpoint,
                                                                                     const crypto::Sealer& sealer,
                                                                                     const net::AddressGuard& guard);
// null, or {type, api_key|basic_auth|oauth2} with the credential redacted. Code::internal if it cannot be opened.
[[nodiscard]] Result<void> write_authentication(JsonWriter& json, const store::Endpoint& endpoint,
                                                const crypto::Sealer& sealer);

}  // namespace fairlead::control
