// The catalogue of event types: /api/v1/projects/{project}/event-types.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_event_types(Context& context, RequestPtr request);
Task<Result<Response>> create_event_type(Context& context, RequestPtr request);
Task<Result<Response>> update_event_type(Context& context, RequestPtr request);
Task<Result<Response>> deprecate_event_type(Context& context, RequestPtr request);
Task<Result<Response>> import_event_types(Context& context, RequestPtr request);

}  // namespace fairlead::control
