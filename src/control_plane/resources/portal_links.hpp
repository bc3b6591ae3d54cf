// Portal links: /api/v1/projects/{project}/portal-links.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_portal_links(Context& context, RequestPtr request);
Task<Result<Response>> create_portal_link(Context& context, RequestPtr request);
Task<Result<Response>> show_portal_link(Context& context, RequestPtr request);
Task<Result<Response>> update_portal_link(Context& context, RequestPtr request);
Task<Result<Response>> refresh_portal_token(Context& context, RequestPtr request);
Task<Result<Response>> revoke_portal_link(Context& context, RequestPtr request);

}  // namespace fairlead::control
