// New credentials, found later by their hash. API keys are shown once: nothing but the hash is kept of them.
#pragma once

#include "common/core/secret.hpp"
#include "common/store/api_keys.hpp"

namespace fairlead::control {

struct MadeKey {
  Secret text;       // the whole key
  std::string mask;  // its middle part, for people to tell keys apart
  KeyHash hash{};
};
// CO.<16 characters>.<64 characters>.
[[nodiscard]] MadeKey make_api_key();
// A portal link's short-lived token: PRT.<16 characters>.<64 characters>.
[[nodiscard]] MadeKey make_portal_key();
// A portal link's static token: 24 characters, without a mask.
[[nodiscard]] MadeKey make_portal_token();

}  // namespace fairlead::control
