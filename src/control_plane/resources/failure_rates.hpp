// How reliable endpoints were in a period: /api/v1/projects/{project}/endpoints/period-failure-rates.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_failure_rates(Context& context, RequestPtr request);

}  // namespace fairlead::control
