// The broker that a source reads from (wire contract 4.4): read from requests, sealed, shown redacted. Messages are
// fetched by a later release; until then it is kept.
#pragma once

#include "common/crypto/seal.hpp"
#include "common/store/sources.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/http/json_writer.hpp"

namespace fairlead::control {

// Applies "pub_sub" of a request: required once for the type pub_sub, after that absent and null keep it. A redacted
// secret stands for the one that is kept. Code::invalid names the field.
[[nodiscard]] Result<void> apply_source_broker(store::Source& source, const JsonBody& body,
                                               const crypto::Sealer& sealer);
// null, or {type, workers, sqs, google, kafka, amqp} with every secret redacted.
[[nodiscard]] Result<void> write_source_broker(JsonWriter& json, const store::Source& source,
                                               const crypto::Sealer& sealer);

}  // namespace fairlead::control
