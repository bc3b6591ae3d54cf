// The endpoints of an owner, if they are few enough to be looked up one by one. Only files of this room include this
// header.
#pragma once

#include <vector>

#include "common/store/tx.hpp"

namespace fairlead::store {

// What went to more endpoints is looked for among everything, where it is not rare.
inline constexpr std::size_t few_endpoints_max = 100;

// Deleted ones too: what was sent to them stays the owner's. One more than few_endpoints_max if there are more than
// that.
inline std::vector<EndpointId> list_few_owned(Tx& tx, const ProjectId& project, const std::string& owner_id) {
  static constexpr Statement sql{"owner_endpoints", R"sql(
    SELECT n.id FROM endpoints n WHERE n.project_id = $1 AND n.owner_id = $2 AND n.owner_id <> '' LIMIT $3)sql"};
  std::vector<EndpointId> endpoints;
  for (const auto& row : tx.exec(sql, project, owner_id, few_endpoints_max + 1))
    endpoints.push_back(as_id<EndpointTag>(row[0]));
  return endpoints;
}

}  // namespace fairlead::store
