#include "common/store/config_change.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement next_sql{"config_next", "SELECT next_config_version($1)"};
constexpr Statement live_sql{"config_project_lives", "SELECT 1 FROM projects WHERE id = $1 AND deleted_at IS NULL"};
constexpr Statement stamp_all_sql{"config_stamp_all",
                                  "UPDATE projects SET config_version = $2 WHERE organisation_id = $1"};

}  // namespace

Result<std::int64_t> begin_project_change(Tx& tx, const ProjectId& project) {
  const auto version = tx.exec(next_sql, project)[0][0].as<std::int64_t>();
  if (tx.exec(live_sql, project).empty()) return fail(Code::not_found, "project not found");
  return version;
}

Result<std::int64_t> begin_change(Tx& tx) {
  return tx.exec(next_sql, std::optional<ProjectId>())[0][0].as<std::int64_t>();
}

Result<std::int64_t> begin_organisation_change(Tx& tx, const OrganisationId& organisation) {
  FL_TRY(const auto version, begin_change(tx));
  tx.exec(stamp_all_sql, organisation, version);
  return version;
}

}  // namespace fairlead::store
