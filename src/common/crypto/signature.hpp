// Signs a delivery both ways: Standard Webhooks, and the header formats of existing receivers (wire contract 6.4).
// Both cover exactly the bytes that are sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/digest.hpp"

namespace fairlead::crypto {

enum class Encoding { hex, base64 };

struct SignatureVersion {
  Hash hash = Hash::sha256;
  Encoding encoding = Encoding::hex;
};

// "t=<unix>,v1=…,v1=…": version k = 1..n, for each of them every secret, oldest first. Signed text: "<unix>," + body.
[[nodiscard]] std::string sign_advanced(const std::vector<SignatureVersion>& versions,
                                        const std::vector<std::string>& secrets, std::int64_t unix_seconds,
                                        std::string_view body);
// The encoded HMAC of the body alone, by the last version and the newest (last) secret.
// Empty if there is no version or no secret.
[[nodiscard]] std::string sign_simple(const std::vector<SignatureVersion>& versions,
                                      const std::vector<std::string>& secrets, std::string_view body);
// webhook-signature: "v1,<base64>" for every secret, separated by spaces, over "<id>.<unix>.<body>".
[[nodiscard]] std::string sign_standard(const std::vector<std::string>& secrets, std::string_view webhook_id,
                                        std::int64_t unix_seconds, std::string_view body);
// The Standard Webhooks key of a secret: the decoded part of a "whsec_" secret, else its UTF-8 bytes.
[[nodiscard]] std::string standard_key(std::string_view secret);
// The "whsec_…" spelling of any secret, as Standard Webhooks libraries want it.
[[nodiscard]] std::string to_whsec(std::string_view secret);

}  // namespace fairlead::crypto
