// GET /openapi.json and /docs: the API's own document, for programs and for people. Public; from the program itself.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> show_openapi(Context& context, RequestPtr request);
Task<Result<Response>> show_reference(Context& context, RequestPtr request);
Task<Result<Response>> show_reference_file(Context& context, RequestPtr request);

}  // namespace fairlead::control
