// Events: /api/v1/projects/{project}/events. Reading is done here; what is created goes on to a data plane.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_events(Context& context, RequestPtr request);
Task<Result<Response>> show_event(Context& context, RequestPtr request);
Task<Result<Response>> forward_event(Context& context, RequestPtr request);

}  // namespace fairlead::control
