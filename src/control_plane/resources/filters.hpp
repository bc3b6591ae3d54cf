// The filters of a subscription: …/subscriptions/{subscription}/filters, and dry runs of filters.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_filters(Context& context, RequestPtr request);
Task<Result<Response>> create_filter(Context& context, RequestPtr request);
Task<Result<Response>> show_filter(Context& context, RequestPtr request);
Task<Result<Response>> update_filter(Context& context, RequestPtr request);
Task<Result<Response>> delete_filter(Context& context, RequestPtr request);
Task<Result<Response>> create_filters(Context& context, RequestPtr request);  // …/filters/bulk
Task<Result<Response>> update_filters(Context& context, RequestPtr request);  // …/filters/bulk_update
Task<Result<Response>> test_filters(Context& context, RequestPtr request);    // …/filters/test/{event_type}
Task<Result<Response>> test_filter(Context& context, RequestPtr request);     // …/subscriptions/test_filter

}  // namespace fairlead::control
