#include "control_plane/resources/meta_events.hpp"

#include <array>

#include "common/store/meta_events.hpp"
#include "common/store/projects.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/resources/payload_json.hpp"
#include "control_plane/services/project_config.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

constexpr std::array kStatuses = {"Scheduled", "Retry", "Success", "Failure", "Discarded"};
constexpr int kRetrySecondsMax = 7200;

struct View {
  const crypto::Sealer& sealer;
  ProjectConfig::Strategy strategy;
  bool has_secrets;
};

struct Loaded {
  ProjectConfig config;
  Page<store::StoredMetaEvent> page;
};

// What an endpoint's body tells holds its signing secrets: who may not see them does not see the body.
Result<void> write_meta_event(JsonWriter& json, const store::StoredMetaEvent& event, const View& view) {
  const bool is_hidden = !view.has_secrets && event.type.starts_with("endpoint.");
  Secret body;  // empty as long as nobody made it
  if (!event.sealed.empty()) {
    FL_TRY(body, view.sealer.open(event.sealed, to_text(event.id)));
  }
  json.begin_object().field("uid", event.id).field("project_id", event.project).field("event_type", event.type);
  json.key("metadata").begin_object();
  write_payload(json, body.reveal(), true, {.shows_payloads = !is_hidden});
  json.field("strategy", view.strategy.type);
  event.next_at ? json.field("next_send_time", *event.next_at) : json.field("next_send_time", "0001-01-01T00:00:00Z");
  json.field("num_trials", event.attempts).field("interval_seconds", view.strategy.seconds);
  json.field("retry_limit", view.strategy.retry_count).field("max_retry_seconds", kRetrySecondsMax).end_object();
  json.raw_field("attempt", event.last_attempt.empty() ? "null" : event.last_attempt);
  json.field("status", kStatuses[static_cast<std::size_t>(event.status)]);
  json.field("created_at", event.created_at).field("updated_at", event.updated_at);
  json.field("deleted_at", nullptr).end_object();
  return {};
}

View view_of(const Context& context, const Request& request, const ProjectConfig& config) {
  return {context.sealer, config.strategy(), request.caller.may_see_secrets()};
}

Result<ProjectConfig> config_of(Tx& tx, const ProjectId& id) {
  FL_TRY(const auto project, store::get_project(tx, id));
  return ProjectConfig::from_stored(project.config);
}

struct One {
  ProjectConfig config;
  store::StoredMetaEvent event;
};

Result<Response> respond(std::string_view message, const One& one, const Context& context, const Request& request) {
  JsonWriter json;
  FL_TRY_VOID(write_meta_event(json, one.event, view_of(context, request, one.config)));
  return net::success(net::http::status::ok, message, json.take());
}

}  // namespace

Task<Result<Response>> list_meta_events(Context& context, RequestPtr request) {
  FL_CO_TRY(auto page_query, parse_page(request->query, false));
  FL_CO_TRY(const auto dates, parse_dates(request->query, wall_now()));
  narrow_to(page_query, dates);
  const auto read = [page_query, dates, project = request->project()](Tx& tx) -> Result<Loaded> {
    FL_TRY(auto config, config_of(tx, project));
    FL_TRY(auto page, read_page<store::StoredMetaEvent>(page_query, [&](const store::Keyset& slice) {
             return store::list_meta_events(tx, project, dates.start, dates.end, slice);
           }));
    return Loaded{std::move(config), std::move(page)};
  };
  FL_CO_TRY(const auto loaded, co_await context.lists.run(TxKind::snapshot, read));
  const auto view = view_of(context, *request, loaded.config);
  Result<void> written;
  auto data = page_json(loaded.page, [&](JsonWriter& json, const store::StoredMetaEvent& event) {
    if (written) written = write_meta_event(json, event, view);
  });
  FL_CO_TRY_VOID(written);
  co_return net::success(net::http::status::ok, "Meta events", data);
}

Task<Result<Response>> show_meta_event(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto id, request->id<store::MetaEventTag>("meta_event", "meta event"));
  const auto read = [id, project = request->project()](Tx& tx) -> Result<One> {
    FL_TRY(auto config, config_of(tx, project));
    FL_TRY(auto event, store::get_meta_event(tx, project, id));
    return One{std::move(config), std::move(event)};
  };
  FL_CO_TRY(const auto one, co_await context.db.run(TxKind::snapshot, read));
  co_return respond("Meta event", one, context, *request);
}

// PUT …/resend: due at once, with all its attempts before it again.
Task<Result<Response>> resend_meta_event(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto id, request->id<store::MetaEventTag>("meta_event", "meta event"));
  const auto change = [id, project = request->project()](Tx& tx) -> Result<One> {
    FL_TRY(auto config, config_of(tx, project));
    FL_TRY(auto event, store::resend_meta_event(tx, project, id, wall_now()));
    return One{std::move(config), std::move(event)};
  };
  FL_CO_TRY(const auto one, co_await context.db.run(TxKind::read_write, change));
  co_return respond("Meta event is sent again", one, context, *request);
}

}  // namespace fairlead::control
