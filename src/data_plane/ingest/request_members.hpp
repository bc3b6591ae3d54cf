// The members of a JSON object that was scanned and not built (common/domain/json_scan): looked up as clients expect.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "common/domain/json_scan.hpp"

namespace fairlead::ingest {

// `lower` is in lower case.
[[nodiscard]] bool equals_ignoring_case(std::string_view text, std::string_view lower);
// The last member of that name, as clients and JSON libraries have it; null for an absent one and for JSON null.
[[nodiscard]] const JsonMember* find_member(const std::vector<JsonMember>& members, std::string_view name,
                                            bool null_counts = false);
// The member's text; empty if it is absent and not required.
[[nodiscard]] Result<std::string> read_text(const std::vector<JsonMember>& members, std::string_view name,
                                            bool is_required, std::size_t bytes_max);

}  // namespace fairlead::ingest
