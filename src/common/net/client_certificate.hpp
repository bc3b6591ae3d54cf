// Certificates that prove us to a TLS server: checked when they are saved, shown in the handshake.
#pragma once

#include <openssl/types.h>

#include <string_view>

#include "common/core/client_certificate.hpp"
#include "common/core/clock.hpp"
#include "common/core/result.hpp"

namespace fairlead::net {

// Whether a certificate (PEM, its chain behind it) and a private key (PEM, without a passphrase) belong together and
// the certificate is valid at `now`. Code::invalid with `field` "client_cert" (reasons "invalid_certificate",
// "certificate_expired", "certificate_not_yet_valid") or "client_key" ("invalid_key", "key_mismatch").
[[nodiscard]] Result<void> check_client_certificate(std::string_view chain_pem, std::string_view key_pem,
                                                    TimePoint now);

// Before the handshake: what is shown if the peer asks. Code::invalid if it cannot be read.
[[nodiscard]] Result<void> use_client_certificate(SSL* ssl, const ClientCertificate& certificate);

}  // namespace fairlead::net
