// The body of a meta event that tells of an endpoint (wire contract 2.1, 6.12), as the management API shows it.
#pragma once

#include <string>
#include <string_view>

#include "common/crypto/seal.hpp"
#include "common/store/endpoints.hpp"

namespace fairlead::upkeep {

// {event_type, data}: signing secrets in clear, credentials redacted. Code::internal if a sealed value cannot be
// opened.
[[nodiscard]] Result<std::string> endpoint_told(std::string_view type, const store::Endpoint& endpoint,
                                                const crypto::Sealer& sealer, TimePoint now);

}  // namespace fairlead::upkeep
