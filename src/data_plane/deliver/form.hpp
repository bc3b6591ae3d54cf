// A JSON payload as application/x-www-form-urlencoded, for endpoints that want forms (wire contract 6.3).
#pragma once

#include <string>
#include <string_view>

#include "common/core/result.hpp"

namespace fairlead::deliver {

// The top-level members as fields, sorted by key, of equal keys the last: texts as they are, numbers in the very
// characters they came in, true and false, null as nothing, objects and arrays as the JSON text that they are.
// Code::invalid, reason "unsendable", if the payload is no object.
[[nodiscard]] Result<std::string> to_form(std::string_view json);

}  // namespace fairlead::deliver
