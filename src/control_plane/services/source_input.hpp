// What a request may say of a source (wire contract 3.6): checked, and applied to the source.
#pragma once

#include "common/crypto/seal.hpp"
#include "common/store/sources.hpp"
#include "control_plane/http/json_body.hpp"

namespace fairlead::control {

// A new source's mask: 16 letters and digits.
[[nodiscard]] std::string make_source_mask();

// Name and type are required; of the rest, what is absent stays as it is and null clears. `is_new`: a provider may be
// named only then. Code::invalid names the field.
[[nodiscard]] Result<void> apply_source_input(store::Source& source, const JsonBody& body, const crypto::Sealer& sealer,
                                              bool is_new);

}  // namespace fairlead::control
