// API keys: /api/v1/projects/{project}/api-keys, and /api/v1/api-keys for those of the whole organisation.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_api_keys(Context& context, RequestPtr request);
Task<Result<Response>> create_api_key(Context& context, RequestPtr request);
Task<Result<Response>> show_api_key(Context& context, RequestPtr request);
Task<Result<Response>> update_api_key(Context& context, RequestPtr request);
Task<Result<Response>> delete_api_key(Context& context, RequestPtr request);

}  // namespace fairlead::control
