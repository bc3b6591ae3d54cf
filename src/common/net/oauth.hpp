// OAuth 2.0 client credentials (RFC 6749 §4.4, assertions of RFC 7523): what is asked of a token server, and what it
// answers. Both planes speak it; who keeps tokens, and for how long, is theirs.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/core/clock.hpp"
#include "common/core/secret.hpp"
#include "common/crypto/jwt.hpp"
#include "common/net/http_client.hpp"

namespace fairlead::net {

inline constexpr std::chrono::seconds token_life_max{3600};  // however long the server says: keys get revoked

// In the form that the management API speaks (wire contract 2.1), which is also how it is stored.
struct OAuthConfig {
  std::string url;
  std::string client_id;
  std::string grant_type = "client_credentials";
  std::string scope;
  std::string audience;
  bool is_assertion = false;
  Secret client_secret;  // unless is_assertion
  // For an assertion.
  std::string algorithm = "ES256";
  std::string issuer;
  std::string subject;
  std::string key_id;
  std::optional<crypto::JwtSigner> signer;
  // Where the answer has what we look for.
  std::string access_token_field = "access_token";
  std::string token_type_field = "token_type";
  std::string expires_in_field = "expires_in";
  std::chrono::milliseconds expiry_unit{1000};
};

struct AccessToken {
  std::string type;
  Secret value;
  TimePoint expires_at;
  [[nodiscard]] std::string authorization() const { return type + " " + value.reveal(); }
};

// Reads the stored JSON. Code::invalid, the field named as in the wire contract ("signing_key.d"), if it cannot be
// used.
[[nodiscard]] Result<OAuthConfig> read_oauth(const std::string& json);
// Code::invalid if the URL cannot be used, Code::internal if the assertion cannot be signed.
[[nodiscard]] Result<ClientRequest> make_token_request(const OAuthConfig& config, TimePoint now);
// Only HTTP 200 with a JSON object counts. Code::unavailable with a message that holds nothing of the answer but the
// error code of RFC 6749 §5.2, so that it may be shown.
[[nodiscard]] Result<AccessToken> read_token(const OAuthConfig& config, const ClientResponse& response, TimePoint now);

}  // namespace fairlead::net
