#include "common/store/organisations.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement find_sql{"organisation_find",
                             "SELECT id FROM organisations WHERE name = $1 AND deleted_at IS NULL ORDER BY id LIMIT 1"};
constexpr Statement insert_sql{"organisation_insert", R"sql(
  INSERT INTO organisations (id, name, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $4))sql"};

}  // namespace

Result<std::optional<OrganisationId>> find_organisation(Tx& tx, const std::string& name) {
  const auto rows = tx.exec(find_sql, name);
  if (rows.empty()) return std::nullopt;
  return as_id<OrganisationTag>(rows[0][0]);
}

Result<void> insert_organisation(Tx& tx, const NewOrganisation& organisation, std::int64_t version, TimePoint now) {
  tx.exec(insert_sql, organisation.id, organisation.name, version, now);
  return {};
}

}  // namespace fairlead::store
