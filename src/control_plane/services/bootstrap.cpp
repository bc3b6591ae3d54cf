#include "control_plane/services/bootstrap.hpp"

#include "common/store/config_change.hpp"
#include "common/store/event_types.hpp"
#include "common/store/organisations.hpp"
#include "common/store/projects.hpp"
#include "control_plane/services/key_maker.hpp"
#include "control_plane/services/project_config.hpp"

namespace fairlead::control {
namespace {

constexpr const char* kKeyName = "bootstrap";

Result<void> check_name(const std::string& name, const char* what) {
  if (!name.empty() && name.size() <= 255) return {};
  return fail(Code::invalid, std::string("the name of the ") + what + " has 1 to 255 characters");
}

Result<void> make_project(store::Tx& tx, const Bootstrapped& made, const std::string& name, std::int64_t version,
                          IdSource& ids, TimePoint now) {
  const store::Project project{.id = made.project,
                               .organisation = made.organisation,
                               .name = name,
                               .type = "outgoing",
                               .logo_url = "",
                               .config = ProjectConfig::make_default(ids).to_stored(),
                               .created_at = now,
                               .updated_at = now};
  FL_TRY_VOID(store::insert_project(tx, project, version));
  FL_TRY([[maybe_unused]] const bool is_new,
         store::insert_event_type(tx, made.project, {.id = ids.next<EventTypeTag>(), .name = "*"}, now));
  return {};
}

}  // namespace

Result<Bootstrapped> bootstrap(store::Tx& tx, const BootstrapNames& names, IdSource& ids, TimePoint now) {
  FL_TRY_VOID(check_name(names.organisation, "organisation"));
  FL_TRY_VOID(check_name(names.project, "project"));
  FL_TRY(auto version, store::begin_change(tx));
  Bootstrapped made;
  FL_TRY(const auto organisation, store::find_organisation(tx, names.organisation));
  made.organisation = organisation.value_or(ids.next<OrganisationTag>());
  if (!organisation) FL_TRY_VOID(store::insert_organisation(tx, {made.organisation, names.organisation}, version, now));
  FL_TRY(const auto project, store::find_project(tx, made.organisation, names.project));
  made.project = project.value_or(ids.next<ProjectTag>());
  if (!project) FL_TRY_VOID(make_project(tx, made, names.project, version, ids, now));
  FL_TRY(version, store::begin_organisation_change(tx, made.organisation));
  auto key = make_api_key();
  const store::NewApiKey stored{.id = ids.next<ApiKeyTag>(),
                                .organisation = made.organisation,
                                .project = std::nullopt,
                                .name = kKeyName,
                                .mask = key.mask,
                                .hash = key.hash};
  FL_TRY([[maybe_unused]] const int replaced, store::delete_organisation_keys(tx, stored, version, now));
  FL_TRY_VOID(store::insert_api_key(tx, stored, version, now));
  made.key = std::move(key.text);
  return made;
}

}  // namespace fairlead::control
