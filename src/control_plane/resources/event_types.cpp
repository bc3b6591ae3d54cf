#include "control_plane/resources/event_types.hpp"

#include "common/domain/event_type.hpp"
#include "common/store/event_types.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/etag.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/http/json_writer.hpp"
#include "control_plane/services/json_schema.hpp"
#include "control_plane/services/openapi_import.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

constexpr std::size_t kCategoryBytesMax = 255;

struct EventTypeKey {
  ProjectId project;
  EventTypeId id;
  RequestPtr request;  // on what condition
};

Result<EventTypeKey> key_of(RequestPtr request) {
  FL_TRY(const auto id, request->id<EventTypeTag>("event_type", "event type"));
  return EventTypeKey{request->project(), id, std::move(request)};
}

// What of the catalogue a portal link shows: all of it, or what it allows.
bool is_shown(const store::EventType& type, const Caller& caller) {
  if (!caller.portal || caller.portal->event_types.empty()) return true;
  return std::ranges::any_of(caller.portal->event_types, [&](const std::string& allowed) {
    return allowed == type.name || matches_event_type(allowed, type.name);
  });
}

void write_event_type(JsonWriter& json, const store::EventType& type) {
  json.begin_object().field("uid", type.id).field("name", type.name).field("category", type.category);
  json.field("description", type.description).raw_field("json_schema", type.json_schema ? *type.json_schema : "null");
  json.field("deprecated_at", type.deprecated_at).end_object();
}

Response event_type_response(std::string_view message, const store::EventType& type) {
  JsonWriter json;
  write_event_type(json, type);
  return with_etag(net::success(net::http::status::created, message, json.take()), type.updated_at);
}

Response event_types_response(std::string_view message, const std::vector<store::EventType>& types) {
  JsonWriter json;
  json.begin_array();
  for (const auto& type : types) write_event_type(json, type);
  return net::success(net::http::status::ok, message, json.end_array().take());
}

// Category, description and schema: what is absent or empty keeps what is there, null clears it.
Result<void> apply(store::EventType& type, const JsonBody& body) {
  FL_TRY(const auto category, body.text("category", kCategoryBytesMax));
  if (category.is_null || !category.value.empty()) type.category = category.value;
  FL_TRY(const auto description, body.text("description"));
  if (description.is_null || !description.value.empty()) type.description = description.value;
  FL_TRY(const auto schema, body.object("json_schema"));
  if (schema.is_null) type.json_schema.reset();
  if (!schema.has_value()) return {};
  const auto& document = *body.find("json_schema");
  FL_TRY_VOID(check_json_schema(document, "json_schema"));
  type.json_schema = document.dump();
  return {};
}

template <class Change>
Result<store::EventType> change_event_type(Tx& tx, const EventTypeKey& key, Change change) {
  FL_TRY(auto type, store::lock_event_type(tx, key.project, key.id));
  FL_TRY_VOID(check_if_match(*key.request->http, type.updated_at));
  FL_TRY_VOID(change(type));
  type.updated_at = wall_now();
  FL_TRY_VOID(store::update_event_type(tx, key.project, type, type.updated_at));
  return type;
}

}  // namespace

Task<Result<Response>> list_event_types(Context& context, RequestPtr request) {
  FL_CO_TRY(auto types, co_await context.db.run(TxKind::autocommit, &store::list_event_types, request->project()));
  std::erase_if(types, [&](const auto& type) { return !is_shown(type, request->caller); });
  co_return event_types_response("Event types", types);
}

Task<Result<Response>> create_event_type(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto body, JsonBody::parse(request->http->body));
  store::EventType type{.id = context.ids.next<EventTypeTag>()};
  FL_CO_TRY(type.name, body.required_text("name"));
  FL_CO_TRY_VOID(check_event_type(type.name, "name"));
  FL_CO_TRY_VOID(apply(type, body));
  type.updated_at = wall_now();
  FL_CO_TRY(const bool is_new, co_await context.db.run(TxKind::autocommit, &store::insert_event_type,
                                                       request->project(), type, TimePoint(type.updated_at)));
  if (!is_new) co_return bad_field("name", "duplicate", "the project has an event type of that name");
  co_return event_type_response("Event type created", type);
}

// PUT …/event-types/{event_type}: 201, which is what clients expect.
Task<Result<Response>> update_event_type(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  const auto work = [key, body = std::move(body)](Tx& tx) {
    return change_event_type(tx, key, [&](store::EventType& type) { return apply(type, body); });
  };
  FL_CO_TRY(const auto type, co_await context.db.run(TxKind::read_write, work));
  co_return event_type_response("Event type updated", type);
}

// POST …/event-types/{event_type}/deprecate: 201; the first time stays.
Task<Result<Response>> deprecate_event_type(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  const auto work = [key](Tx& tx) {
    return change_event_type(tx, key, [](store::EventType& type) -> Result<void> {
      if (!type.deprecated_at) type.deprecated_at = wall_now();
      return {};
    });
  };
  FL_CO_TRY(const auto type, co_await context.db.run(TxKind::read_write, work));
  co_return event_type_response("Event type deprecated", type);
}

// POST …/event-types/import: 200 with the types of the document's webhooks, made or brought up to date, all or none.
Task<Result<Response>> import_event_types(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto body, JsonBody::parse(request->http->body));
  FL_CO_TRY(const auto spec, body.required_text("spec", openapi_bytes_max));
  FL_CO_TRY(auto imported, read_openapi_webhooks(spec));
  const auto work = [imported = std::move(imported), project = request->project(),
                     &ids = context.ids](Tx& tx) -> Result<std::vector<store::EventType>> {
    std::vector<store::EventType> types;
    for (const auto& each : imported) {
      const store::EventType type{.id = ids.next<EventTypeTag>(),
                                  .name = each.name,
                                  .category = {},
                                  .description = each.description,
                                  .json_schema = each.json_schema};
      FL_TRY(auto stored, store::upsert_event_type(tx, project, type, wall_now()));
      types.push_back(std::move(stored));
    }
    return types;
  };
  FL_CO_TRY(const auto types, co_await context.db.run(TxKind::read_write, work));
  co_return event_types_response("Event types imported", types);
}

}  // namespace fairlead::control
