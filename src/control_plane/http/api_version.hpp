// What an older API version, asked for by X-Convoy-Version, changes in shapes (wire contract 1.5).
#pragma once

#include <optional>
#include <string_view>

namespace fairlead::control {

struct ApiVersion {
  bool has_text_durations = false;  // before 2024-01-01: "15s" for 15
  bool has_old_names = false;       // before 2024-04-01: target_url and title in endpoint answers

  // Absent: the present version. Anything that is no date counts as older than every version.
  [[nodiscard]] static ApiVersion from_header(std::optional<std::string_view> header);
};

}  // namespace fairlead::control
