// What the portal API (/portal-api) has beside the management API's own operations, which it shares (routes.cpp).
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> show_own_link(Context& context, RequestPtr request);
Task<Result<Response>> show_features(Context& context, RequestPtr request);
Task<Result<Response>> show_configuration(Context& context, RequestPtr request);
Task<Result<Response>> show_login_configuration(Context& context, RequestPtr request);
Task<Result<Response>> show_summary(Context& context, RequestPtr request);

}  // namespace fairlead::control
