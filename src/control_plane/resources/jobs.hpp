// Work in the background: /api/v1/projects/{project}/jobs, and the replays of /events that are jobs too.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_jobs(Context& context, RequestPtr request);
Task<Result<Response>> create_job(Context& context, RequestPtr request);
Task<Result<Response>> show_job(Context& context, RequestPtr request);
Task<Result<Response>> cancel_job(Context& context, RequestPtr request);
Task<Result<Response>> replay_event(Context& context, RequestPtr request);
Task<Result<Response>> replay_batch(Context& context, RequestPtr request);
Task<Result<Response>> count_replay_batch(Context& context, RequestPtr request);

}  // namespace fairlead::control
