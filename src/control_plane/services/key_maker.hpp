// New API keys: CO.<16 characters>.<64 characters>, shown once; only the hash is kept.
#pragma once

#include "common/core/secret.hpp"
#include "common/store/api_keys.hpp"

namespace fairlead::control {

struct MadeKey {
  Secret text;       // the whole key
  std::string mask;  // its middle part, for people to tell keys apart
  KeyHash hash{};
};
[[nodiscard]] MadeKey make_api_key();

}  // namespace fairlead::control
