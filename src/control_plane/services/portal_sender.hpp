// Events that a portal's customer sends to endpoints of their own. The data plane knows API keys only, so they go under
// a key of the project that creates events and nothing else.
#pragma once

#include <string_view>

#include "common/core/secret.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/request.hpp"

namespace fairlead::control {

// The key, made if there is none, once it is sure that every endpoint which the body could be read to address is the
// caller's. Code::not_found naming "endpoint_id" for one that is not, Code::invalid for what is no JSON object.
[[nodiscard]] Result<Secret> authorize_portal_event(store::Tx& tx, const Context& context, const Request& request);

}  // namespace fairlead::control
