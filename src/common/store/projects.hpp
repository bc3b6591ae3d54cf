// Projects and their configuration, kept as the JSON object that the management API speaks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/store/db.hpp"

namespace fairlead::store {

struct Project {
  ProjectId id;
  OrganisationId organisation;
  std::string name;
  std::string type;  // outgoing, incoming
  std::string logo_url;
  std::string config;  // JSON object
  TimePoint created_at;
  TimePoint updated_at;
};

inline constexpr int projects_listed_max = 1000;

// The living project, or Code::not_found.
[[nodiscard]] Result<Project> get_project(Tx& tx, const ProjectId& project);
[[nodiscard]] Result<std::optional<ProjectId>> find_project(Tx& tx, const OrganisationId& organisation,
                                                            const std::string& name);
// The owner of a living project.
[[nodiscard]] Result<std::optional<OrganisationId>> find_project_owner(Tx& tx, const ProjectId& project);
// By id, at most projects_listed_max.
[[nodiscard]] Result<std::vector<Project>> list_projects(Tx& tx, const OrganisationId& organisation);
// The changes of configuration below follow begin_change or begin_project_change, whose number they take.
[[nodiscard]] Result<void> insert_project(Tx& tx, const Project& project, std::int64_t version);
[[nodiscard]] Result<void> update_project(Tx& tx, const Project& project);
// A tombstone, and its keys with it.
[[nodiscard]] Result<void> delete_project(Tx& tx, const ProjectId& project, std::int64_t version, TimePoint now);

}  // namespace fairlead::store
