#include "control_plane/services/event_search.hpp"

#include "common/domain/json_scan.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kIdLength = 26;

bool is_object_with_members(std::string_view text) {
  const auto members = scan_object(text);
  return members && !members->empty();
}

std::string trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

// The ids that begin with this text: none unless it can be the beginning of one.
void apply_id_prefix(store::EventFilter& filter) {
  const auto& text = filter.text_part;
  if (text.empty() || text.size() > kIdLength) return;
  const auto low = id_from_text(text + std::string(kIdLength - text.size(), '0'));
  const auto high = id_from_text(text + std::string(kIdLength - text.size(), 'Z'));
  if (!low || !high) return;
  filter.text_low = *low;
  filter.text_high = *high;
}

}  // namespace

Result<void> apply_event_search(store::EventFilter& filter, const Query& query) {
  filter.text_part = trim(query.first("query").value_or(""));
  const auto begin = filter.text_part.find('{'), end = filter.text_part.rfind('}');
  if (begin != std::string::npos && end != std::string::npos && begin < end) {
    const auto part = filter.text_part.substr(begin, end + 1 - begin);
    if (is_object_with_members(part)) {
      filter.payload_parts.push_back(part);
      const auto before = trim(std::string_view(filter.text_part).substr(0, begin));
      const auto after = trim(std::string_view(filter.text_part).substr(end + 1));
      filter.text_part = before + (before.empty() || after.empty() ? "" : " ") + after;
    }
  }
  apply_id_prefix(filter);
  if (const auto body = query.first("body")) {
    if (!is_object_with_members(*body))
      return bad_field("body", "invalid_search", "body: expected a JSON object with at least one member");
    filter.payload_parts.push_back(*body);
  }
  return {};
}

}  // namespace fairlead::control
