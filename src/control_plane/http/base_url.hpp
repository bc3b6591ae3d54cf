// How clients reach this API, for the links that answers carry.
#pragma once

#include <string>

#include "common/net/http_server.hpp"
#include "control_plane/http/context.hpp"

namespace fairlead::control {

// The configured public URL, or else the host that the request named. Without a final "/".
[[nodiscard]] inline std::string base_url(const Context& context, const net::HttpRequest& http) {
  if (!context.public_url.empty()) return context.public_url;
  return "http://" + std::string(http.header("Host").value_or("localhost"));
}

}  // namespace fairlead::control
