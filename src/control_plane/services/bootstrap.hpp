// The first organisation, project and key, so that an installation can be used.
#pragma once

#include <string>

#include "common/core/secret.hpp"
#include "common/store/db.hpp"
#include "control_plane/http/id_source.hpp"

namespace fairlead::control {

struct BootstrapNames {
  std::string organisation = "Default";
  std::string project = "default";
};
struct Bootstrapped {
  OrganisationId organisation;
  ProjectId project;
  Secret key;  // of the organisation, named "bootstrap"; earlier ones of that name end here
};
// Makes what is missing, by name; always a new key. Run it read_write. Code::invalid if a name is empty or too long.
[[nodiscard]] Result<Bootstrapped> bootstrap(store::Tx& tx, const BootstrapNames& names, IdSource& ids, TimePoint now);

}  // namespace fairlead::control
