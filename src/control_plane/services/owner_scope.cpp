#include "control_plane/services/owner_scope.hpp"

#include <algorithm>
#include <array>

namespace fairlead::control {
namespace {

constexpr std::array<std::string_view, 14> kOpen = {
    "content-type", "content-length", "content-encoding", "user-agent", "host",    "date",   "x-request-id",
    "origin",       "cache-control",  "connection",       "etag",       "expires", "server", "retry-after"};

}  // namespace

Result<bool> narrow_to_owner(store::Tx& tx, const ProjectId& project, const std::string& owner_id,
                             std::vector<EndpointId>& endpoints) {
  if (owner_id.empty()) return true;
  FL_TRY(endpoints, store::list_owned_endpoints(tx, project, owner_id, endpoints));
  return !endpoints.empty();
}

bool is_open_header(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::ranges::find(kOpen, lower) != kOpen.end() || lower.starts_with("accept") ||
         lower.ends_with("-signature") || lower.starts_with("webhook-");
}

}  // namespace fairlead::control
