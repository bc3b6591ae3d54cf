// A YAML document as JSON. Bounded in depth, size and in what its aliases may repeat: a stranger wrote it.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "common/core/result.hpp"

namespace fairlead::control {

inline constexpr std::size_t yaml_depth_max = 100;
inline constexpr std::size_t yaml_nodes_max = 100'000;               // aliases count as what they repeat
inline constexpr std::size_t yaml_text_bytes_max = 4 * 1024 * 1024;  // of all scalars together, counted likewise

// Plain scalars are read by the core schema of YAML 1.2; keys become strings; of equal keys the last one wins.
// Code::invalid, reason "invalid_yaml" with the line, or "too_large".
[[nodiscard]] Result<nlohmann::ordered_json> parse_yaml(std::string_view text);

}  // namespace fairlead::control
