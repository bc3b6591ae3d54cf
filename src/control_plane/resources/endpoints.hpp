// Endpoints: /api/v1/projects/{project}/endpoints.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_endpoints(Context& context, RequestPtr request);
Task<Result<Response>> create_endpoint(Context& context, RequestPtr request);
Task<Result<Response>> show_endpoint(Context& context, RequestPtr request);
Task<Result<Response>> update_endpoint(Context& context, RequestPtr request);
Task<Result<Response>> delete_endpoint(Context& context, RequestPtr request);
Task<Result<Response>> pause_endpoint(Context& context, RequestPtr request);
Task<Result<Response>> activate_endpoint(Context& context, RequestPtr request);
Task<Result<Response>> expire_endpoint_secret(Context& context, RequestPtr request);

}  // namespace fairlead::control
