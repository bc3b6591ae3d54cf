#include "common/store/projects.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement get_sql{"project_get", R"sql(
  SELECT id, organisation_id, name, type, logo_url, config, created_at, updated_at
    FROM projects WHERE id = $1 AND deleted_at IS NULL)sql"};
constexpr Statement list_sql{"project_list", R"sql(
  SELECT id, organisation_id, name, type, logo_url, config, created_at, updated_at
    FROM projects WHERE organisation_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT $2)sql"};
constexpr Statement find_sql{"project_find",
                             "SELECT id FROM projects WHERE organisation_id = $1 AND name = $2 AND deleted_at IS NULL"};
constexpr Statement owner_sql{"project_owner",
                              "SELECT organisation_id FROM projects WHERE id = $1 AND deleted_at IS NULL"};
constexpr Statement insert_sql{"project_insert", R"sql(
  INSERT INTO projects (id, organisation_id, name, type, logo_url, config, config_version, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql"};
constexpr Statement update_sql{"project_update", R"sql(
  UPDATE projects SET name = $2, logo_url = $3, config = $4, updated_at = $5 WHERE id = $1 AND deleted_at IS NULL)sql"};
constexpr Statement delete_sql{
    "project_delete", "UPDATE projects SET deleted_at = $2, updated_at = $2 WHERE id = $1 AND deleted_at IS NULL"};
constexpr Statement delete_keys_sql{"project_delete_keys", R"sql(
  UPDATE api_keys SET deleted_at = $2, version = $3 WHERE project_id = $1 AND deleted_at IS NULL)sql"};

Project project_from(const pqxx::row& row) {
  return {.id = as_id<ProjectTag>(row[0]),
          .organisation = as_id<OrganisationTag>(row[1]),
          .name = as_text(row[2]),
          .type = as_text(row[3]),
          .logo_url = as_text(row[4]),
          .config = as_text(row[5]),
          .created_at = as_time(row[6]),
          .updated_at = as_time(row[7])};
}

}  // namespace

Result<Project> get_project(Tx& tx, const ProjectId& project) {
  const auto rows = tx.exec(get_sql, project);
  if (rows.empty()) return fail(Code::not_found, "project not found");
  return project_from(rows[0]);
}

Result<std::optional<ProjectId>> find_project(Tx& tx, const OrganisationId& organisation, const std::string& name) {
  const auto rows = tx.exec(find_sql, organisation, name);
  if (rows.empty()) return std::nullopt;
  return as_id<ProjectTag>(rows[0][0]);
}

Result<std::optional<OrganisationId>> find_project_owner(Tx& tx, const ProjectId& project) {
  const auto rows = tx.exec(owner_sql, project);
  if (rows.empty()) return std::nullopt;
  return as_id<OrganisationTag>(rows[0][0]);
}

Result<std::vector<Project>> list_projects(Tx& tx, const OrganisationId& organisation) {
  std::vector<Project> projects;
  for (const auto& row : tx.exec(list_sql, organisation, projects_listed_max)) projects.push_back(project_from(row));
  return projects;
}

Result<void> insert_project(Tx& tx, const Project& project, std::int64_t version) {
  tx.exec(insert_sql, project.id, project.organisation, project.name, project.type, project.logo_url, project.config,
          version, project.created_at, project.updated_at);
  return {};
}

Result<void> update_project(Tx& tx, const Project& project) {
  tx.exec(update_sql, project.id, project.name, project.logo_url, project.config, project.updated_at);
  return {};
}

Result<void> delete_project(Tx& tx, const ProjectId& project, std::int64_t version, TimePoint now) {
  tx.exec(delete_sql, project, now);
  tx.exec(delete_keys_sql, project, now, version);
  return {};
}

}  // namespace fairlead::store
