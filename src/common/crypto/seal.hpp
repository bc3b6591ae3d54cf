// Secrets at rest: AES-256-GCM under a master key, bound to the row they stand in.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/core/result.hpp"
#include "common/core/secret.hpp"

namespace fairlead::crypto {

// The text form of a new master key: "flk1_" + base64 of 32 random bytes.
[[nodiscard]] std::string make_master_key();

// Seals and opens with one master key. Thread-safe (immutable after construction).
class Sealer {
 public:
  // Code::invalid if the text is no master key.
  [[nodiscard]] static Result<Sealer> from_text(const Secret& master_key);
  // key id (8 bytes) | nonce (12) | ciphertext | tag (16). `context` (the row's id) is authenticated with it.
  [[nodiscard]] std::string seal(std::string_view plain, std::string_view context) const;
  // Code::internal if it was sealed by another key, for another row, or was changed.
  [[nodiscard]] Result<Secret> open(std::string_view sealed, std::string_view context) const;

 private:
  std::string key_;
  std::string key_id_;
};

}  // namespace fairlead::crypto
