// The first step of every change of configuration: its number, which orders it for the data plane's snapshot.
#pragma once

#include <cstdint>

#include "common/core/id.hpp"
#include "common/store/db.hpp"

namespace fairlead::store {

// Takes the next configuration number and stamps it on the project; every other change waits until this transaction
// ends. Code::not_found if the project does not exist or was deleted. Run it read_write, before anything else.
[[nodiscard]] Result<std::int64_t> begin_project_change(Tx& tx, const ProjectId& project);
// The same for what concerns all of an organisation's projects (its keys): each of them is stamped.
[[nodiscard]] Result<std::int64_t> begin_organisation_change(Tx& tx, const OrganisationId& organisation);
// The number alone, for what no project knows of yet.
[[nodiscard]] Result<std::int64_t> begin_change(Tx& tx);

}  // namespace fairlead::store
