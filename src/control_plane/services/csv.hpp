// Comma-separated values (RFC 4180): rows of texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace fairlead::control {

struct CsvLimits {
  std::size_t rows_max = 0;
  std::size_t columns_max = 0;
  std::size_t field_bytes_max = 0;
};

// Lines end with LF or CRLF, empty ones are left out, a byte order mark in front is skipped; fields may stand in
// quotes, then with commas, line ends and doubled quotes in them. Code::invalid, reason "invalid_csv" with the line, or
// "too_many".
[[nodiscard]] Result<std::vector<std::vector<std::string>>> parse_csv(std::string_view text, const CsvLimits& limits);

}  // namespace fairlead::control
