// The routes of the public port.
#pragma once

#include <vector>

#include "control_plane/http/router.hpp"

namespace fairlead::control {

[[nodiscard]] const std::vector<Route>& all_routes();

}  // namespace fairlead::control
