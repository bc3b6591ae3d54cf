#include "data_plane/ingest/dynamic_request.hpp"

#include <algorithm>

#include "common/domain/event_type.hpp"

namespace fairlead::ingest {
namespace {

Result<std::vector<std::string>> read_event_types(const std::vector<JsonMember>& members) {
  std::vector<std::string> types;
  const auto* member = find_member(members, "event_types");
  if (member == nullptr) return types;
  if (!member->value.starts_with('['))
    return bad_field("event_types", "wrong_type", "event_types must be an array of strings");
  FL_TRY(const auto items, scan_array(member->value));
  if (items.size() > dynamic_event_types_max) {
    return bad_field("event_types", "too_many", "at most " + std::to_string(dynamic_event_types_max) + " event types");
  }
  for (std::size_t index = 0; index < items.size(); ++index) {
    const std::string field = "event_types." + std::to_string(index);
    auto text = json_string(items[index]);
    if (!text) return bad_field(field, "wrong_type", field + " must be a string");
    FL_TRY_VOID(check_event_type_pattern(*text, field));
    if (std::ranges::find(types, *text) == types.end()) types.push_back(*std::move(text));
  }
  return types;
}

}  // namespace

Result<std::shared_ptr<const DynamicTarget>> read_dynamic_target(const std::vector<JsonMember>& members) {
  auto target = std::make_shared<DynamicTarget>();
  FL_TRY(target->url, read_text(members, "url", true, dynamic_url_bytes_max));
  FL_TRY(auto secret, read_text(members, "secret", false, dynamic_secret_bytes_max));
  target->secret = Secret(std::move(secret));
  FL_TRY(target->event_types, read_event_types(members));
  return target;
}

}  // namespace fairlead::ingest
