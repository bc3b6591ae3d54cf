// Text of application/x-www-form-urlencoded, as query strings and form bodies have it.
#pragma once

#include <string>
#include <string_view>

namespace fairlead {

// A name or a value decoded: "+" is a space, "%" and two hexadecimal digits are a byte; a "%" without them stays as it
// is.
[[nodiscard]] std::string decode_form_text(std::string_view text);

}  // namespace fairlead
