// Fields of a form that a stranger sent: urlencoded, or multipart without its files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/result.hpp"

namespace fairlead::ingest {

inline constexpr std::size_t form_fields_max = 1000;

using FormFields = std::vector<std::pair<std::string, std::string>>;  // in order, names may repeat

// Code::invalid, reason "invalid_form": too many fields. A malformed escape stays as it is written.
[[nodiscard]] Result<FormFields> parse_urlencoded(std::string_view text);
// RFC 7578. Code::invalid, reason "invalid_form": no boundary, no end, a part without a name, too many parts.
[[nodiscard]] Result<FormFields> parse_multipart(std::string_view body, std::string_view content_type);
// The first value of that name.
[[nodiscard]] std::optional<std::string_view> find_field(const FormFields& fields, std::string_view name);

// "application/json" of "Application/JSON; charset=utf-8".
[[nodiscard]] std::string media_type_of(std::string_view content_type);

}  // namespace fairlead::ingest
