// The certificate that an endpoint's deliveries show in the TLS handshake (wire contract 2.1, 3.2).
#pragma once

#include "common/crypto/seal.hpp"
#include "common/store/endpoints.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/http/json_writer.hpp"

namespace fairlead::control {

// "mtls_client_cert": absent keeps, null or two empty texts remove; a redacted key stands for the one that is kept, and
// is checked against the certificate like a new one. Code::invalid names the field.
[[nodiscard]] Result<void> apply_client_certificate(store::Endpoint& endpoint, const JsonBody& body,
                                                    const crypto::Sealer& sealer);
// {client_cert, client_key} with the key redacted; nothing at all if there is none.
void write_client_certificate(JsonWriter& json, const store::Endpoint& endpoint);

}  // namespace fairlead::control
