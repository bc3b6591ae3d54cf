// Trying a function: …/subscriptions/test_function, …/sources/test_function.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> try_subscription_function(Context& context, RequestPtr request);
Task<Result<Response>> try_source_function(Context& context, RequestPtr request);

}  // namespace fairlead::control
