// Organisations: the owners of projects.
#pragma once

#include <optional>
#include <string>

#include "common/core/id.hpp"
#include "common/store/db.hpp"

namespace fairlead::store {

// The oldest living organisation of that name.
[[nodiscard]] Result<std::optional<OrganisationId>> find_organisation(Tx& tx, const std::string& name);

struct NewOrganisation {
  OrganisationId id;
  std::string name;
};
[[nodiscard]] Result<void> insert_organisation(Tx& tx, const NewOrganisation& organisation, std::int64_t version,
                                               TimePoint now);

}  // namespace fairlead::store
