// The table of routes: method and path to right and handler.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control_plane/http/request.hpp"

namespace fairlead::control {

namespace http = net::http;

struct Route {
  http::verb method;
  // "/api/v1/projects/{project}/endpoints/{endpoint}"; a final "/?" allows one trailing slash. Also the metric's label.
  std::string_view path;
  Right right;
  Handler handler;
  Portal portal = Portal::refused;
  bool is_forwarded = false;  // a data plane answers, and counts it
};

struct Match {
  const Route* route = nullptr;  // none: no route of that path, or none of that method
  std::vector<std::pair<std::string, std::string>> params;
  std::string allow;  // the path's methods, "GET, POST"; empty: no such path
};

// Immutable; the routes must outlive it. Of several patterns that match a path, the one with a literal where another
// has a parameter comes first in the table.
class Router {
 public:
  explicit Router(const std::vector<Route>& routes);
  [[nodiscard]] Match match(http::verb method, std::string_view path) const;

 private:
  struct Entry {
    const Route* route;
    std::vector<std::string_view> segments;
    bool has_optional_slash;
  };
  std::vector<Entry> entries_;
};

}  // namespace fairlead::control
