#include "control_plane/services/portal_link_input.hpp"

#include <algorithm>

#include "common/domain/event_type.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kShortBytesMax = 255;
constexpr std::size_t kEndpointsMax = 1000;

Result<void> apply_flag(bool& target, const JsonBody& body, const char* name, bool default_value) {
  FL_TRY(const auto field, body.boolean(name));
  if (field.is_present) target = field.is_null ? default_value : field.value;
  return {};
}

Result<void> apply_event_types(store::PortalLink& link, const JsonBody& body) {
  FL_TRY(const auto types, body.texts("event_types", portal_event_types_max));
  if (!types.is_present) return {};
  std::vector<std::string> unique;
  for (std::size_t index = 0; index < types.value.size(); ++index) {
    FL_TRY_VOID(check_event_type_pattern(types.value[index], "event_types." + std::to_string(index)));
    if (std::ranges::find(unique, types.value[index]) == unique.end()) unique.push_back(types.value[index]);
  }
  link.event_types = std::move(unique);
  return {};
}

}  // namespace

Result<void> apply_portal_link_input(store::PortalLink& link, const JsonBody& body) {
  if (link.name.empty() || body.has("name")) {
    FL_TRY(link.name, body.required_text("name", kShortBytesMax));
  }
  if (link.owner_id.empty() || body.has("owner_id")) {
    FL_TRY(link.owner_id, body.required_text("owner_id", kShortBytesMax));
  }
  FL_TRY(const auto type, body.text("auth_type", 32));
  if (type.is_null || (type.is_present && type.value.empty())) {
    link.auth_type = "static_token";
  } else if (type.is_present) {
    if (type.value != "static_token" && type.value != "refresh_token")
      return bad_field("auth_type", "invalid_auth_type", "auth_type: expected static_token or refresh_token");
    link.auth_type = type.value;
  }
  FL_TRY_VOID(apply_flag(link.can_manage_endpoint, body, "can_manage_endpoint", false));
  FL_TRY_VOID(apply_flag(link.can_see_payloads, body, "can_see_payloads", true));
  FL_TRY_VOID(apply_flag(link.can_replay, body, "can_replay", true));
  FL_TRY(const auto rotates, body.boolean("can_rotate_secrets"));
  if (rotates.is_present) link.can_rotate_secrets = rotates.is_null ? std::nullopt : std::optional(rotates.value);
  return apply_event_types(link, body);
}

Result<std::vector<EndpointId>> read_portal_endpoints(const JsonBody& body) {
  FL_TRY(const auto texts, body.texts("endpoints", kEndpointsMax));
  std::vector<EndpointId> ids;
  for (std::size_t index = 0; index < texts.value.size(); ++index) {
    const auto id = parse_id<EndpointTag>(texts.value[index]);
    if (!id) return fail(Error{Code::not_found, "endpoint not found", "", "endpoints." + std::to_string(index)});
    ids.push_back(*id);
  }
  return ids;
}

}  // namespace fairlead::control
