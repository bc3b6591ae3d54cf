#include "control_plane/http/api_version.hpp"

#include <string>

#include "common/core/clock.hpp"

namespace fairlead::control {

ApiVersion ApiVersion::from_header(std::optional<std::string_view> header) {
  if (!header || header->empty()) return {};
  const bool is_date = header->size() == 10 && parse_time(std::string(*header) + "T00:00:00Z").has_value();
  if (!is_date) return {true, true};
  return {*header < "2024-01-01", *header < "2024-04-01"};
}

}  // namespace fairlead::control
