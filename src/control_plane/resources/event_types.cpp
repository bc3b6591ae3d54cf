#include "control_plane/resources/event_types.hpp"

#include "common/domain/event_type.hpp"
#include "common/store/event_types.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/http/json_writer.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

constexpr std::size_t kCategoryBytesMax = 255;

struct EventTypeKey {
  ProjectId project;
  EventTypeId id;
};

Result<EventTypeKey> key_of(const Request& request) {
  FL_TRY(const auto id, request.id<EventTypeTag>("event_type", "event type"));
  return EventTypeKey{request.project(), id};
}

void write_event_type(JsonWriter& json, const store::EventType& type) {
  json.begin_object().field("uid", type.id).field("name", type.name).field("category", type.category);
  json.field("description", type.description).raw_field("json_schema", type.json_schema ? *type.json_schema : "null");
  json.field("deprecated_at", type.deprecated_at).end_object();
}

Response event_type_response(std::string_view message, const store::EventType& type) {
  JsonWriter json;
  write_event_type(json, type);
  return net::success(net::http::status::created, message, json.take());
}

// Category, description and schema: what is absent, empty or null keeps what is there.
Result<void> apply(store::EventType& type, const JsonBody& body) {
  FL_TRY(const auto category, body.text("category", kCategoryBytesMax));
  if (!category.value.empty()) type.category = category.value;
  FL_TRY(const auto description, body.text("description"));
  if (!description.value.empty()) type.description = description.value;
  FL_TRY(const auto schema, body.object("json_schema"));
  if (schema.has_value()) type.json_schema = body.find("json_schema")->dump();
  return {};
}

template <class Change>
Result<store::EventType> change_event_type(Tx& tx, const EventTypeKey& key, Change change) {
  FL_TRY(auto type, store::lock_event_type(tx, key.project, key.id));
  FL_TRY_VOID(change(type));
  FL_TRY_VOID(store::update_event_type(tx, key.project, type, wall_now()));
  return type;
}

}  // namespace

Task<Result<Response>> list_event_types(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto types,
            co_await context.db.run(TxKind::autocommit, &store::list_event_types, request->project()));
  JsonWriter json;
  json.begin_array();
  for (const auto& type : types) write_event_type(json, type);
  co_return net::success(net::http::status::ok, "Event types", json.end_array().take());
}

Task<Result<Response>> create_event_type(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto body, JsonBody::parse(request->http->body));
  store::EventType type{.id = context.ids.next<EventTypeTag>()};
  FL_CO_TRY(type.name, body.required_text("name"));
  FL_CO_TRY_VOID(check_event_type(type.name, "name"));
  FL_CO_TRY_VOID(apply(type, body));
  FL_CO_TRY(const bool is_new, co_await context.db.run(TxKind::autocommit, &store::insert_event_type,
                                                       request->project(), type, wall_now()));
  if (!is_new) co_return bad_field("name", "duplicate", "the project has an event type of that name");
  co_return event_type_response("Event type created", type);
}

// PUT …/event-types/{event_type}: 201, which is what clients expect.
Task<Result<Response>> update_event_type(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  const auto work = [key, body = std::move(body)](Tx& tx) {
    return change_event_type(tx, key, [&](store::EventType& type) { return apply(type, body); });
  };
  FL_CO_TRY(const auto type, co_await context.db.run(TxKind::read_write, work));
  co_return event_type_response("Event type updated", type);
}

// POST …/event-types/{event_type}/deprecate: 201; the first time stays.
Task<Result<Response>> deprecate_event_type(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  const auto work = [key](Tx& tx) {
    return change_event_type(tx, key, [](store::EventType& type) -> Result<void> {
      if (!type.deprecated_at) type.deprecated_at = wall_now();
      return {};
    });
  };
  FL_CO_TRY(const auto type, co_await context.db.run(TxKind::read_write, work));
  co_return event_type_response("Event type deprecated", type);
}

}  // namespace fairlead::control
