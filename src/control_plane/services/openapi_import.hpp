// The event types that an OpenAPI document describes: its webhooks (wire contract 3.9).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace fairlead::control {

inline constexpr std::size_t openapi_bytes_max = 1024 * 1024;
inline constexpr std::size_t openapi_webhooks_max = 1000;

struct ImportedType {
  std::string name;
  std::string description;
  std::optional<std::string> json_schema;  // JSON object; with the components that it refers to
};

// OpenAPI 3.x as JSON or YAML, in the order of its webhooks. References within the document are resolved or taken
// along, others are left as they stand. Code::invalid names "spec" or the place below it.
[[nodiscard]] Result<std::vector<ImportedType>> read_openapi_webhooks(std::string_view spec);

}  // namespace fairlead::control
