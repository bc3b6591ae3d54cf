// The data plane put together: the only file that knows every stage.
#pragma once

#include "common/core/result.hpp"
#include "data_plane/settings.hpp"

namespace fairlead::data {

// Serves until SIGTERM or SIGINT and then drains. Answers the process's exit code: 0 everything was brought to its end,
// 1 the drain deadline cut something (which the next start goes on with).
[[nodiscard]] Result<int> serve(const Settings& settings);

}  // namespace fairlead::data
