// Trying out OAuth 2.0 settings before they are saved: /api/v1/projects/{project}/endpoints/oauth2/test.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> test_oauth_connection(Context& context, RequestPtr request);

}  // namespace fairlead::control
