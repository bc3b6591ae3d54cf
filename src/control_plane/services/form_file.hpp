// A file in a form: the one part of multipart/form-data (RFC 7578) that is asked for.
#pragma once

#include <string_view>

#include "common/core/result.hpp"

namespace fairlead::control {

inline constexpr int form_parts_max = 32;

// The bytes of the first part of that name, a span of `body`. Code::invalid, reason "invalid_form": no boundary,
// malformed or too many parts; "required", naming the part: there is none.
[[nodiscard]] Result<std::string_view> find_form_file(std::string_view content_type, std::string_view body,
                                                      std::string_view name);

}  // namespace fairlead::control
