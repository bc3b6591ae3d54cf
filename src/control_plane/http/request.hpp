// What a handler sees of a request, and the table entry that leads to it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/id.hpp"
#include "common/net/http_server.hpp"
#include "common/net/problem.hpp"
#include "common/ops/task.hpp"
#include "control_plane/http/query.hpp"

namespace fairlead::control {

struct Context;

// Whose key came with the request.
struct Caller {
  ApiKeyId key;
  OrganisationId organisation;
  std::optional<ProjectId> project;  // none: a key of the whole organisation
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

// Who may call a route.
enum class Right {
  any_key,           // the handler decides by the caller
  organisation_key,  // a key of the whole organisation
  project,           // any key that reaches the project in the path
};

}  // namespace fairlead::control
