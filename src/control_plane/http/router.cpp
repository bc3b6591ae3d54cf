#include "control_plane/http/router.hpp"

#include "common/core/check.hpp"

namespace fairlead::control {
namespace {

// "/a/b" → a, b; "/a/b/" → a, b and an empty last one.
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_param(std::string_view segment) { return segment.starts_with('{'); }

bool fits(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& path, std::size_t count) {
  for (std::size_t index = 0; index < count; ++index) {
    if (path[index].empty() || (!is_param(pattern[index]) && pattern[index] != path[index])) return false;
  }
  return true;
}

}  // namespace

Router::Router(const std::vector<Route>& routes) {
  for (const auto& route : routes) {
    FL_CHECK(route.handler != nullptr, "every route has a handler");
    auto path = route.path;
    const bool has_optional_slash = path.ends_with("/?");
    if (has_optional_slash) path.remove_suffix(2);
    entries_.push_back({&route, split(path), has_optional_slash});
  }
}

Match Router::match(http::verb method, std::string_view path) const {
  Match match;
  const auto segments = split(path);
  const bool has_slash = segments.back().empty();
  const std::size_t count = segments.size() - (has_slash ? 1 : 0);
  for (const auto& entry : entries_) {
    if (entry.segments.size() != count || (has_slash && !entry.has_optional_slash)) continue;
    if (!fits(entry.segments, segments, count)) continue;
    const auto name = http::to_string(entry.route->method);
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += std::string_view(name.data(), name.size());
    if (match.route != nullptr || entry.route->method != method) continue;
    match.route = entry.route;
    for (std::size_t index = 0; index < count; ++index) {
      const auto segment = entry.segments[index];
      if (is_param(segment)) match.params.emplace_back(segment.substr(1, segment.size() - 2), segments[index]);
    }
  }
  return match;
}

}  // namespace fairlead::control
