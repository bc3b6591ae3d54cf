#include "control_plane/services/meta_teller.hpp"

#include "common/store/meta_events.hpp"
#include "common/store/projects.hpp"
#include "control_plane/http/json_writer.hpp"
#include "control_plane/services/endpoint_json.hpp"
#include "control_plane/services/project_config.hpp"

namespace fairlead::control {

Result<void> tell(store::Tx& tx, const Context& context, const ProjectId& project, std::string_view type,
                  std::string_view data_json) {
  JsonWriter json;
  json.begin_object().field("event_type", std::string(type)).raw_field("data", data_json).end_object();
  const auto id = context.ids.next<store::MetaEventTag>();
  store::NewMetaEvent event{
      .project = project, .id = id, .type = std::string(type), .sealed = context.sealer.seal(json.take(), to_text(id))};
  return store::insert_meta_events(tx, {std::move(event)}, wall_now());
}

Result<void> tell_of_endpoint(store::Tx& tx, const Context& context, std::string_view type,
                              const store::Endpoint& endpoint) {
  FL_TRY(const auto project, store::get_project(tx, endpoint.project));
  if (!ProjectConfig::from_stored(project.config).tells(type)) return {};
  JsonWriter json;
  FL_TRY_VOID(write_endpoint(json, endpoint, {.sealer = context.sealer, .version = {}, .now = wall_now()}));
  return tell(tx, context, endpoint.project, type, json.take());
}

}  // namespace fairlead::control
