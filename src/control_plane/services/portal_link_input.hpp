// What a request may say of a portal link (wire contract 3.10, product.md 6): checked, and applied to the link.
#pragma once

#include "common/store/portal_links.hpp"
#include "control_plane/http/json_body.hpp"

namespace fairlead::control {

inline constexpr std::size_t portal_event_types_max = 1000;

// Name and owner are required of a link that has none; absent keeps what is there, null brings the default back.
// Code::invalid names the field.
[[nodiscard]] Result<void> apply_portal_link_input(store::PortalLink& link, const JsonBody& body);

// The deprecated list "endpoints": their ids, or Code::not_found naming the field for what is no id.
[[nodiscard]] Result<std::vector<EndpointId>> read_portal_endpoints(const JsonBody& body);

}  // namespace fairlead::control
