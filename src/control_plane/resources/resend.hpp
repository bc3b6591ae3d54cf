// Deliveries sent again: /api/v1/projects/{project}/eventdeliveries, its writing half, and counts of deliveries.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> resend_delivery(Context& context, RequestPtr request);
Task<Result<Response>> force_resend(Context& context, RequestPtr request);
Task<Result<Response>> retry_batch(Context& context, RequestPtr request);
Task<Result<Response>> retry_batch_by_put(Context& context, RequestPtr request);
Task<Result<Response>> count_retry_batch(Context& context, RequestPtr request);
Task<Result<Response>> total_statuses(Context& context, RequestPtr request);

}  // namespace fairlead::control
