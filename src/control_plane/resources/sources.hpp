// Sources: …/sources, and /ingest/{mask}, which strangers send to.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_sources(Context& context, RequestPtr request);
Task<Result<Response>> create_source(Context& context, RequestPtr request);
Task<Result<Response>> show_source(Context& context, RequestPtr request);
Task<Result<Response>> update_source(Context& context, RequestPtr request);
Task<Result<Response>> delete_source(Context& context, RequestPtr request);
Task<Result<Response>> answer_challenge(Context& context, RequestPtr request);
Task<Result<Response>> forward_ingest(Context& context, RequestPtr request);

}  // namespace fairlead::control
