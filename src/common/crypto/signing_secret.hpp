// The signing secrets that we make ourselves (wire contract 1.10).
#pragma once

#include "common/crypto/digest.hpp"

namespace fairlead::crypto {

[[nodiscard]] inline std::string make_signing_secret() {
  return random_text(25, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-");
}

}  // namespace fairlead::crypto
