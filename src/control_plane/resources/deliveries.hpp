// Deliveries and their attempts: /api/v1/projects/{project}/eventdeliveries.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_deliveries(Context& context, RequestPtr request);
Task<Result<Response>> show_delivery(Context& context, RequestPtr request);
Task<Result<Response>> list_attempts(Context& context, RequestPtr request);
Task<Result<Response>> show_attempt(Context& context, RequestPtr request);

}  // namespace fairlead::control
