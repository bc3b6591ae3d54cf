// The query string of a request, decoded: repeated names keep their order, name[] and name[0] are name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::control {

class Query {
 public:
  // application/x-www-form-urlencoded; a malformed escape stays as it is written.
  [[nodiscard]] static Query parse(std::string_view text);
  // The first non-blank value of that name, or nothing.
  [[nodiscard]] std::optional<std::string> first(std::string_view name) const;
  // Every non-blank value of that name.
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
  // Whether every name and value satisfies `is_fine`.
  [[nodiscard]] bool holds(bool (*is_fine)(std::string_view)) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace fairlead::control
