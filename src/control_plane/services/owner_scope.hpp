// What a portal's customer sees: lists are narrowed to the endpoints of their owner, header values are masked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/store/portal_links.hpp"

namespace fairlead::control {

// Narrows endpoints to those of the owner; what is not theirs is dropped. False: nothing is left. An empty owner_id
// narrows nothing.
[[nodiscard]] Result<bool> narrow_to_owner(store::Tx& tx, const ProjectId& project, const std::string& owner_id,
                                           std::vector<EndpointId>& endpoints);

// Whether customers may see the value of a header: content and agent describing ones, and signatures.
[[nodiscard]] bool is_open_header(std::string_view name);

}  // namespace fairlead::control
