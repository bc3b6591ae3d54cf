#include "control_plane/services/portal_link_json.hpp"

#include "control_plane/services/endpoint_json.hpp"

namespace fairlead::control {

void write_portal_link(JsonWriter& json, const store::PortalLink& link, const PortalSecrets& secrets,
                       const PortalView& view) {
  std::string url;
  if (!secrets.token.empty()) url = view.base + "/portal?token=" + secrets.token;
  if (!url.empty() && !secrets.auth_key.empty()) url += "&auth_token=" + secrets.auth_key;
  json.begin_object().field("uid", link.id).field("name", link.name).field("project_id", link.project);
  json.field("owner_id", link.owner_id).key("endpoints").begin_array();
  for (const auto& endpoint : link.endpoints) json.value(endpoint.id);
  json.end_array().field("endpoint_count", link.endpoint_count).field("can_manage_endpoint", link.can_manage_endpoint);
  json.field("can_see_payloads", link.can_see_payloads)
      .field("can_rotate_secrets", link.can_rotate_secrets.value_or(link.can_manage_endpoint))
      .field("can_replay", link.can_replay)
      .field("event_types", link.event_types);
  json.field("token", secrets.token).key("endpoints_metadata").begin_array();
  for (const auto& endpoint : link.endpoints) write_endpoint_brief(json, endpoint, view.version);
  json.end_array().field("url", url).field("auth_type", link.auth_type).field("auth_key", secrets.auth_key);
  json.field("created_at", link.created_at).field("updated_at", link.updated_at);
  json.field("deleted_at", nullptr).end_object();
}

}  // namespace fairlead::control
