// What a request may say of a subscription (wire contract 3.7): checked, and applied to the subscription.
#pragma once

#include "common/store/subscriptions.hpp"
#include "control_plane/http/json_body.hpp"

namespace fairlead::control {

inline constexpr std::size_t subscription_event_types_max = 1000;

// All but the filter, which is read from the request's own text (services/filter_input.hpp).
// Absent, empty and zero keep what is there, null clears what may be absent. Code::invalid names the field;
// Code::not_found for an endpoint_id that is no id.
[[nodiscard]] Result<void> apply_subscription_input(store::Subscription& subscription, const JsonBody& body);

}  // namespace fairlead::control
