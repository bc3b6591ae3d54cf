// Meta events: /api/v1/projects/{project}/meta-events.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_meta_events(Context& context, RequestPtr request);
Task<Result<Response>> show_meta_event(Context& context, RequestPtr request);
Task<Result<Response>> resend_meta_event(Context& context, RequestPtr request);

}  // namespace fairlead::control
