#include "control_plane/resources/projects.hpp"

#include "common/store/config_change.hpp"
#include "common/store/event_types.hpp"
#include "common/store/projects.hpp"
#include "control_plane/http/auth.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/etag.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/http/json_writer.hpp"
#include "control_plane/services/key_maker.hpp"
#include "control_plane/services/meta_teller.hpp"
#include "control_plane/services/project_config.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kUrlBytesMax = 2048;

// For whom it is written: who may not see signing secrets gets that of the meta events redacted.
struct Viewer {
  const crypto::Sealer& sealer;
  bool has_secrets;
};

Viewer viewer_of(const Context& context, const Request& request) {
  return {context.sealer, request.caller.may_see_secrets()};
}

Result<void> write_project(JsonWriter& json, const store::Project& project, const Viewer& viewer) {
  auto config = ProjectConfig::from_stored(project.config);
  if (viewer.has_secrets) FL_TRY_VOID(config.reveal_meta_secret(viewer.sealer, project.id));
  json.begin_object().field("uid", project.id).field("name", project.name).field("logo_url", project.logo_url);
  json.field("organisation_id", project.organisation).field("type", project.type);
  json.raw_field("config", config.to_wire()).field("statistics", nullptr).field("retained_events", 0);
  json.field("created_at", project.created_at)
      .field("updated_at", project.updated_at)
      .field("deleted_at", nullptr)
      .end_object();
  return {};
}

Result<Response> project_response(net::http::status status, std::string_view message, const store::Project& project,
                                  const Viewer& viewer) {
  JsonWriter json;
  FL_TRY_VOID(write_project(json, project, viewer));
  return with_etag(net::success(status, message, json.take()), project.updated_at);
}

// The organisation that the request speaks of: the caller's own. Another one is as unknown as a random id.
Result<OrganisationId> organisation_of(const Request& request) {
  auto text = request.query.first("orgID");
  if (!text) {
    if (const auto header = request.http->header("X-Organisation-Id"); header && !header->empty())
      text = std::string(*header);
  }
  if (text && parse_id<OrganisationTag>(*text) != request.caller.organisation)
    return fail(Code::not_found, "organisation not found");
  return request.caller.organisation;
}

Result<std::string> logo_url_from(const JsonBody& body, std::string present) {
  FL_TRY(const auto field, body.text("logo_url", kUrlBytesMax));
  if (!field.is_present) return present;
  if (!field.value.empty() && !field.value.starts_with("https://") && !field.value.starts_with("http://")) {
    return bad_field("logo_url", "invalid_url", "logo_url: expected an http or https URL");
  }
  return field.value;
}

struct NewProject {
  store::Project project;
  store::NewApiKey key;
  store::EventType catch_all;
};

Result<store::Project> insert(Tx& tx, const NewProject& made) {
  FL_TRY(const auto version, store::begin_change(tx));
  FL_TRY(const auto namesake, store::find_project(tx, made.project.organisation, made.project.name));
  if (namesake) return bad_field("name", "duplicate", "a project of that name exists");
  FL_TRY_VOID(store::insert_project(tx, made.project, version));
  FL_TRY_VOID(store::insert_api_key(tx, made.key, version, made.project.created_at));
  FL_TRY([[maybe_unused]] const bool is_new,
         store::insert_event_type(tx, made.project.id, made.catch_all, made.project.created_at));
  return made.project;
}

Result<store::Project> project_from(const JsonBody& body, Context& context, const OrganisationId& organisation) {
  store::Project project{.id = context.ids.next<ProjectTag>(), .organisation = organisation};
  FL_TRY(project.name, body.required_text("name", kNameBytesMax));
  FL_TRY(project.type, body.required_text("type", 32));
  if (project.type != "outgoing" && project.type != "incoming")
    return bad_field("type", "invalid_type", "type: expected outgoing or incoming");
  FL_TRY(project.logo_url, logo_url_from(body, ""));
  auto config = ProjectConfig::make_default(context.ids);
  FL_TRY(const auto input, body.object("config"));
  if (input.has_value()) {
    FL_TRY_VOID(config.merge(input.value, project.type == "outgoing", context.ids));
    FL_TRY_VOID(config.merge_meta_event(input.value, {context.sealer, context.guard, project.id}));
  }
  project.config = config.to_stored();
  project.created_at = project.updated_at = wall_now();
  return project;
}

// What an update asks for, applied to the project as it is at that moment.
Result<store::Project> update(Tx& tx, const Request& request, const JsonBody& body, Context& context) {
  const auto id = request.project();
  FL_TRY([[maybe_unused]] const auto version, store::begin_project_change(tx, id));
  FL_TRY(auto project, store::get_project(tx, id));
  FL_TRY_VOID(check_if_match(*request.http, project.updated_at));
  FL_TRY(project.name, body.required_text("name", kNameBytesMax));
  FL_TRY(const auto namesake, store::find_project(tx, project.organisation, project.name));
  if (namesake && *namesake != id) return bad_field("name", "duplicate", "a project of that name exists");
  FL_TRY(project.logo_url, logo_url_from(body, std::move(project.logo_url)));
  FL_TRY(const auto input, body.object("config"));
  if (input.has_value()) {
    auto config = ProjectConfig::from_stored(project.config);
    FL_TRY_VOID(config.merge(input.value, project.type == "outgoing", context.ids));
    FL_TRY_VOID(config.merge_meta_event(input.value, {context.sealer, context.guard, id}));
    project.config = config.to_stored();
  }
  project.updated_at = wall_now();
  FL_TRY_VOID(store::update_project(tx, project));
  if (ProjectConfig::from_stored(project.config).tells("project.updated")) {
    JsonWriter json;
    FL_TRY_VOID(write_project(json, project, {.sealer = context.sealer, .has_secrets = false}));
    FL_TRY_VOID(tell(tx, context, id, "project.updated", json.take()));
  }
  return project;
}

Result<bool> remove(Tx& tx, const Request& request) {
  const auto id = request.project();
  FL_TRY(const auto version, store::begin_project_change(tx, id));
  FL_TRY(const auto project, store::get_project(tx, id));
  FL_TRY_VOID(check_if_match(*request.http, project.updated_at));
  FL_TRY_VOID(store::delete_project(tx, id, version, wall_now()));
  return true;
}

}  // namespace

// GET /projects: those that the caller's key reaches.
Task<Result<Response>> list_projects(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto organisation, organisation_of(*request));
  std::vector<store::Project> projects;
  if (request->caller.project) {
    FL_CO_TRY(auto project, co_await context.db.run(TxKind::autocommit, &store::get_project, *request->caller.project));
    projects.push_back(std::move(project));
  } else {
    FL_CO_TRY(projects, co_await context.db.run(TxKind::autocommit, &store::list_projects, organisation));
  }
  JsonWriter json;
  json.begin_array();
  for (const auto& project : projects) FL_CO_TRY_VOID(write_project(json, project, viewer_of(context, *request)));
  co_return net::success(net::http::status::ok, "Projects", json.end_array().take());
}

// POST /projects: 201 with the project and its first key, which is shown this once.
Task<Result<Response>> create_project(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto organisation, organisation_of(*request));
  FL_CO_TRY(const auto body, JsonBody::parse(request->http->body));
  FL_CO_TRY(auto project, project_from(body, context, organisation));
  const auto key = make_api_key();
  NewProject made{.project = project,
                  .key = {.id = context.ids.next<ApiKeyTag>(),
                          .organisation = organisation,
                          .project = project.id,
                          .name = project.name + "'s default key",
                          .mask = key.mask,
                          .hash = key.hash},
                  .catch_all = {.id = context.ids.next<EventTypeTag>(), .name = "*"}};
  FL_CO_TRY(project, co_await context.db.run(TxKind::read_write, &insert, made));
  JsonWriter json;
  json.begin_object().key("api_key").begin_object().field("name", made.key.name);
  json.key("role").begin_object().field("type", "project_admin").field("project", project.id).end_object();
  json.field("key_type", "").field("expires_at", nullptr).field("key", key.text.reveal()).field("uid", made.key.id);
  json.field("created_at", project.created_at).end_object().key("project");
  FL_CO_TRY_VOID(write_project(json, project, viewer_of(context, *request)));
  co_return net::success(net::http::status::created, "Project created", json.end_object().take());
}

Task<Result<Response>> show_project(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto project, co_await context.db.run(TxKind::autocommit, &store::get_project, request->project()));
  co_return project_response(net::http::status::ok, "Project", project, viewer_of(context, *request));
}

// PUT (or POST) /projects/{project}: 202 with the project.
Task<Result<Response>> update_project(Context& context, RequestPtr request) {
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  const auto change = [request, body = std::move(body), &context](Tx& tx) {
    return update(tx, *request, body, context);
  };
  FL_CO_TRY(const auto project, co_await context.db.run(TxKind::read_write, change));
  co_return project_response(net::http::status::accepted, "Project updated", project, viewer_of(context, *request));
}

Task<Result<Response>> delete_project(Context& context, RequestPtr request) {
  const auto work = [request](Tx& tx) { return remove(tx, *request); };
  FL_CO_TRY([[maybe_unused]] const bool is_gone, co_await context.db.run(TxKind::read_write, work));
  context.authenticator.forget();
  co_return net::success(net::http::status::ok, "Project deleted", "null");
}

}  // namespace fairlead::control
