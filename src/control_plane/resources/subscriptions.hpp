// Subscriptions: /api/v1/projects/{project}/subscriptions.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_subscriptions(Context& context, RequestPtr request);
Task<Result<Response>> create_subscription(Context& context, RequestPtr request);
Task<Result<Response>> show_subscription(Context& context, RequestPtr request);
Task<Result<Response>> update_subscription(Context& context, RequestPtr request);
Task<Result<Response>> delete_subscription(Context& context, RequestPtr request);
Task<Result<Response>> toggle_subscription(Context& context, RequestPtr request);

}  // namespace fairlead::control
