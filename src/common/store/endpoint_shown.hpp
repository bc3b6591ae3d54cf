// What answers and meta events show of an endpoint's credentials: the public half as it is, the secret half redacted.
#pragma once

#include <array>
#include <string>

#include "common/crypto/seal.hpp"
#include "common/store/endpoints.hpp"

namespace fairlead::store {

inline constexpr const char* redacted = "[REDACTED]";

// The private members of a JSON web key (RFC 7518 §6).
inline constexpr std::array jwk_private_members = {"d", "p", "q", "dp", "dq", "qi"};

// JSON: null, or {type, api_key|basic_auth|oauth2} (wire contract 2.1). Code::internal if it cannot be opened.
[[nodiscard]] Result<std::string> shown_authentication(const Endpoint& endpoint, const crypto::Sealer& sealer);

}  // namespace fairlead::store
