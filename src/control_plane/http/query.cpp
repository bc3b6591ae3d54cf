#include "control_plane/http/query.hpp"

namespace fairlead::control {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+') {
      out += ' ';
    } else if (text[at] == '%' && at + 2 < text.size() && hex_value(text[at + 1]) >= 0 &&
               hex_value(text[at + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[at + 1]) << 4 | hex_value(text[at + 2]));
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

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
    std::string name = decode(pair.substr(0, equals));
    strip_index(name);
    std::string value = equals == std::string_view::npos ? "" : decode(pair.substr(equals + 1));
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
