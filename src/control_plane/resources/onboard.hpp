// Many endpoints at once: POST /api/v1/projects/{project}/onboard, from JSON or from a CSV file in a form.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> onboard(Context& context, RequestPtr request);

}  // namespace fairlead::control
