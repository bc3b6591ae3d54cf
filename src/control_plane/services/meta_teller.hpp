// Writes meta events of what the management API changes, in the transaction that changes it.
#pragma once

#include <string_view>

#include "common/store/endpoints.hpp"
#include "control_plane/http/context.hpp"

namespace fairlead::control {

// "endpoint.created", "endpoint.updated" or "endpoint.deleted", with the endpoint as it is now; nothing if the project
// does not want to know.
[[nodiscard]] Result<void> tell_of_endpoint(store::Tx& tx, const Context& context, std::string_view type,
                                            const store::Endpoint& endpoint);
// Any type, with its data as JSON text.
[[nodiscard]] Result<void> tell(store::Tx& tx, const Context& context, const ProjectId& project, std::string_view type,
                                std::string_view data_json);

}  // namespace fairlead::control
