// Projects: /api/v1/projects.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_projects(Context& context, RequestPtr request);
Task<Result<Response>> create_project(Context& context, RequestPtr request);
Task<Result<Response>> show_project(Context& context, RequestPtr request);
Task<Result<Response>> update_project(Context& context, RequestPtr request);
Task<Result<Response>> delete_project(Context& context, RequestPtr request);

}  // namespace fairlead::control
