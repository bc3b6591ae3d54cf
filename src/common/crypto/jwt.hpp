// Signs JSON Web Tokens (RFC 7519, compact form of RFC 7515) with a private key given as a JWK (RFC 7517, 7518).
// Nothing here verifies one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/core/result.hpp"

namespace fairlead::crypto {

// The members of a JWK as they are written: base64url without padding. Empty: absent.
struct Jwk {
  std::string kty;  // EC, RSA
  std::string crv;  // P-256, P-384, P-521
  std::string x, y, d;
  std::string n, e, p, q, dp, dq, qi;
};

// Immutable, and usable from any thread.
class JwtSigner {
 public:
  // `algorithm`: ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512. Code::invalid, reason
  // "invalid_algorithm" or "invalid_key" (wrong type or curve for the algorithm, numbers that are no key, halves that
  // do not belong together, RSA below 2,048 or above 8,192 bits); `field` names the member of the JWK at fault, if one
  // is.
  [[nodiscard]] static Result<JwtSigner> from_jwk(const Jwk& jwk, std::string_view algorithm);
  // header.claims.signature; both are JSON texts, and the header says "alg" itself.
  [[nodiscard]] Result<std::string> sign(std::string_view header_json, std::string_view claims_json) const;

 private:
  struct Key;
  std::shared_ptr<const Key> key_;
};

[[nodiscard]] std::string to_base64url(std::string_view bytes);  // without padding

}  // namespace fairlead::crypto
