// Which subscriptions an event meets, and why it does not meet the others: of an event that came, and of one that did
// not.
#pragma once

#include "control_plane/http/request.hpp"

namespace fairlead::control {

Task<Result<Response>> list_event_matches(Context& context, RequestPtr request);  // GET …/events/{event}/matches
Task<Result<Response>> try_matches(Context& context, RequestPtr request);         // POST …/subscriptions/match

}  // namespace fairlead::control
