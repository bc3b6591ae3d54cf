#include "common/domain/event_type.hpp"

#include "common/core/utf8.hpp"

namespace fairlead {
namespace {

// C0, DEL, and C1, which UTF-8 writes as C2 80..9F.
bool has_control_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0) return true;
  }
  return false;
}

}  // namespace

Result<void> check_event_type(std::string_view name, std::string_view field) {
  if (name.empty()) return bad_field(std::string(field), "required", "expected an event type");
  if (name.size() > event_type_bytes_max) {
    return bad_field(std::string(field), "too_long",
                     "an event type has at most " + std::to_string(event_type_bytes_max) + " bytes");
  }
  if (!is_utf8(name)) return bad_field(std::string(field), "invalid_utf8", "an event type is valid UTF-8");
  if (has_control_character(name)) {
    return bad_field(std::string(field), "control_character", "an event type has no control characters");
  }
  return {};
}

Result<void> check_event_type_pattern(std::string_view pattern, std::string_view field) {
  FL_TRY_VOID(check_event_type(pattern, field));
  const auto star = pattern.find('*');
  if (star == std::string_view::npos || pattern == "*") return {};
  if (star == pattern.size() - 1 && is_glob(pattern)) return {};
  return bad_field(std::string(field), "invalid_pattern",
                   "a \"*\" stands alone or is the last part after a dot, as in \"invoice.*\"");
}

bool is_glob(std::string_view pattern) { return pattern.ends_with(".*"); }

bool matches_event_type(std::string_view pattern, std::string_view name) {
  if (pattern == "*") return true;
  if (!is_glob(pattern)) return pattern == name;
  const auto prefix = pattern.substr(0, pattern.size() - 1);
  return name.size() > prefix.size() && name.starts_with(prefix);
}

}  // namespace fairlead
