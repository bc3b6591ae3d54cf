// Whether a document is a JSON Schema: what its meta-schema asks of every keyword, checked without building a
// validator.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "common/core/result.hpp"

namespace fairlead::control {

inline constexpr std::size_t json_schema_bytes_max = 256 * 1024;

// Draft 2020-12 and 7, and what OpenAPI 3.0 has beside them (nullable, boolean exclusive bounds). Unknown keywords may
// be there; references are not followed, and nothing is fetched. Code::invalid, reason "invalid_schema" or "too_long",
// naming the member below `field`.
[[nodiscard]] Result<void> check_json_schema(const nlohmann::ordered_json& schema, const std::string& field);

}  // namespace fairlead::control
