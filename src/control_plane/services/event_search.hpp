// What a list of events may be searched for (wire contract 3.3): `query`, a text or a part of payloads or both, and
// `body`, a part of payloads.
#pragma once

#include "common/store/events.hpp"
#include "control_plane/http/query.hpp"

namespace fairlead::control {

// Code::invalid "invalid_search" if `body` is no JSON object with a member. In `query`, what stands between the first
// brace and the last one is a part of payloads if it is such an object, else it belongs to the text.
[[nodiscard]] Result<void> apply_event_search(store::EventFilter& filter, const Query& query);

}  // namespace fairlead::control
