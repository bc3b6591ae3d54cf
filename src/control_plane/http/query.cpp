#include "control_plane/http/query.hpp"

#include "common/core/form_text.hpp"

namespace fairlead::control {
namespace {

// "name[]" and "name[12]" are how some clients write lists.
void strip_index(std::string& name) {
  if (!name.ends_with(']')) return;
  const auto bracket = name.rfind('[');
  if (bracket == std::string::npos || bracket == 0) return;
  for (std::size_t at = bracket + 1; at + 1 < name.size(); ++at) {
    if (name[at] < '0' || name[at] > '9') return;
  }
  name.resize(bracket);
}

}  // namespace

Query Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto equals = pair.find('=');
    std::string name = decode_form_text(pair.substr(0, equals));
    strip_index(name);
    std::string value = equals == std::string_view::npos ? "" : decode_form_text(pair.substr(equals + 1));
    if (!name.empty() && value.find_first_not_of(' ') != std::string::npos)
      query.fields_.emplace_back(std::move(name), std::move(value));
  }
  return query;
}

std::optional<std::string> Query::first(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string> Query::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : fields_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

bool Query::holds(bool (*is_fine)(std::string_view)) const {
  for (const auto& [key, value] : fields_) {
    if (!is_fine(key) || !is_fine(value)) return false;
  }
  return true;
}

}  // namespace fairlead::control
