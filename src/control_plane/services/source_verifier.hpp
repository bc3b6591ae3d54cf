// What proves the sender of a source's requests: read from requests, sealed, shown redacted (wire contract 3.6).
#pragma once

#include "common/crypto/seal.hpp"
#include "common/store/sources.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/http/json_writer.hpp"

namespace fairlead::control {

// Applies "verifier" of a request. Absent, or without a type and without a provider: it stays; null and "noop": there
// is none. With a provider only hmac.secret (and hmac.secrets) count. A redacted secret stands for the one that is
// kept. Code::invalid names the field; internal if what is kept cannot be opened.
[[nodiscard]] Result<void> apply_source_verifier(store::Source& source, const JsonBody& body,
                                                 const crypto::Sealer& sealer);
// {type, hmac, basic_auth, api_key} with every secret redacted.
[[nodiscard]] Result<void> write_source_verifier(JsonWriter& json, const store::Source& source,
                                                 const crypto::Sealer& sealer);
// How its requests are proved; for rules that depend on it.
[[nodiscard]] Result<SourceVerifier> verifier_of(const store::Source& source, const crypto::Sealer& sealer);
// "sha256=<base64>" of the token under the source's newest secret. Code::invalid "no_challenge" if it has none.
[[nodiscard]] Result<std::string> prove_challenge(const store::Source& source, std::string_view token,
                                                  const crypto::Sealer& sealer);

}  // namespace fairlead::control
