// Portal links as answers show them (wire contract 2.10).
#pragma once

#include <optional>
#include <string>

#include "common/store/portal_links.hpp"
#include "control_plane/http/api_version.hpp"
#include "control_plane/http/json_writer.hpp"

namespace fairlead::control {

// What opens the portal; empty where the caller may not have it.
struct PortalSecrets {
  std::string token;
  std::string auth_key;  // of links with auth_type refresh_token
};

struct PortalView {
  std::string base;  // how clients reach us, without a final "/"
  ApiVersion version;
};

// The link's URL is empty when its secrets are.
void write_portal_link(JsonWriter& json, const store::PortalLink& link, const PortalSecrets& secrets,
                       const PortalView& view);

}  // namespace fairlead::control
