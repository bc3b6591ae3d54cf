// What a handler sees of a request, and the table entry that leads to it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/id.hpp"
#include "common/domain/credential.hpp"
#include "common/net/http_server.hpp"
#include "common/net/problem.hpp"
#include "common/ops/task.hpp"
#include "control_plane/http/query.hpp"

namespace fairlead::control {

struct Context;

// What a portal link lets its holder do: everything is limited to the endpoints of one owner.
struct PortalScope {
  PortalLinkId link;
  std::string owner_id;
  bool may_manage_endpoints = false;
  bool may_see_payloads = true;
  bool may_see_secrets = false;  // signing secrets: see and rotate
  bool may_replay = true;
  std::vector<std::string> event_types;  // patterns that may be subscribed to; empty: any
};

// Whose credential came with the request.
struct Caller {
  ApiKeyId key;
  OrganisationId organisation;
  std::optional<ProjectId> project;  // none: a key of the whole organisation
  KeyScope scope = KeyScope::full;
  std::shared_ptr<const PortalScope> portal;  // none: an API key

  // Who may not see signing secrets gets them redacted.
  [[nodiscard]] bool may_see_secrets() const { return portal ? portal->may_see_secrets : scope == KeyScope::full; }
  [[nodiscard]] bool may_see_payloads() const { return !portal || portal->may_see_payloads; }
  // Whether what belongs to this owner exists for the caller. Others' objects are answered like unknown ones.
  [[nodiscard]] bool reaches_owner(std::string_view owner_id) const { return !portal || portal->owner_id == owner_id; }
  // The owner whose objects alone the caller sees; empty: everybody's.
  [[nodiscard]] std::string owner_id() const { return portal ? portal->owner_id : std::string(); }
};

struct Request {
  std::shared_ptr<const net::HttpRequest> http;
  Caller caller;
  std::optional<ProjectId> path_project;  // checked: the caller may use it
  std::vector<std::pair<std::string, std::string>> params;
  Query query;

  // Of routes below /projects/{project}.
  [[nodiscard]] ProjectId project() const { return path_project.value(); }
  // An id in the path. Code::not_found, in the words of the object's own absence, if it is no id at all.
  template <class Tag>
  [[nodiscard]] Result<Id<Tag>> id(std::string_view name, std::string_view object) const {
    for (const auto& [key, value] : params) {
      if (key != name) continue;
      if (const auto parsed = parse_id<Tag>(value)) return *parsed;
    }
    return fail(Code::not_found, std::string(object) + " not found");
  }
};
using RequestPtr = std::shared_ptr<const Request>;

using Response = net::HttpResponse;
using Handler = Task<Result<Response>> (*)(Context& context, RequestPtr request);

// What a portal link must allow before its holder may call a route; `refused`: none may.
enum class Portal {
  refused,
  read,
  manage,  // endpoints and their subscriptions
  rotate,  // signing secrets
  replay,  // deliveries and events again, and new events for single endpoints
};

// Who may call a route. On top of it a key's scope counts: a read-only key may GET, an events-only key may create
// events, everything else needs a full one.
enum class Right {
  anyone,            // no key and no content type is asked for: the handler judges the request
  any_key,           // the handler decides by the caller
  organisation_key,  // a key of the whole organisation
  project,           // any key that reaches the project in the path
  portal,            // the caller's own project, which no path names
};

}  // namespace fairlead::control
