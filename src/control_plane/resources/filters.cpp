#include "control_plane/resources/filters.hpp"

#include "common/domain/event_type.hpp"
#include "common/store/config_change.hpp"
#include "common/store/filters.hpp"
#include "common/store/subscriptions.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/etag.hpp"
#include "control_plane/http/json_writer.hpp"
#include "control_plane/services/filter_input.hpp"

namespace fairlead::control {
namespace {

using store::FilterRow;
using store::Tx;
using store::TxKind;

struct FiltersKey {
  ProjectId project;
  SubscriptionId subscription;
  RequestPtr request;
};

Result<FiltersKey> key_of(RequestPtr request) {
  FL_TRY(const auto subscription, request->id<SubscriptionTag>("subscription", "subscription"));
  return FiltersKey{request->project(), subscription, std::move(request)};
}

// Code::not_found unless the subscription is there and the caller reaches its endpoint's owner.
Result<void> check_reached(Tx& tx, const FiltersKey& key) {
  FL_TRY(const auto subscription, store::get_subscription(tx, key.project, key.subscription));
  if (!key.request->caller.reaches_owner(subscription.endpoint_brief.owner_id))
    return fail(Code::not_found, "subscription not found");
  return {};
}

Result<FilterRow> get_reached(Tx& tx, const FiltersKey& key, std::string_view id_text) {
  FL_TRY_VOID(check_reached(tx, key));
  const auto id = parse_id<FilterTag>(id_text);
  if (!id) return fail(Code::not_found, "filter not found");
  return store::get_filter(tx, key.project, key.subscription, *id);
}

std::string_view id_text_of(const Request& request) {
  for (const auto& [name, value] : request.params) {
    if (name == "filter") return value;
  }
  return "";
}

// A created filter echoes what was sent, twice; later its scopes read flat, and as they were sent under raw_…
void write_filter(JsonWriter& json, const FilterRow& filter, bool is_created) {
  json.begin_object().field("uid", filter.id).field("subscription_id", filter.subscription);
  json.field("event_type", filter.event_type).field("enabled_at", filter.enabled_at);
  const std::string absent = is_created ? "null" : "{}";
  for (const auto scope : filter_scopes) {
    const auto& text = filter.text.of(scope);
    json.raw_field(to_text(scope), !text ? absent : is_created ? *text : flatten_filter(*text));
    json.raw_field("raw_" + std::string(to_text(scope)), text.value_or(absent));
  }
  json.end_object();
}

Response filter_response(net::http::status status, std::string_view message, const FilterRow& filter, bool is_created) {
  JsonWriter json;
  write_filter(json, filter, is_created);
  return with_etag(net::success(status, message, json.take()), filter.updated_at);
}

Response filters_response(net::http::status status, std::string_view message, const std::vector<FilterRow>& filters,
                          bool is_created) {
  JsonWriter json;
  json.begin_array();
  for (const auto& filter : filters) write_filter(json, filter, is_created);
  return net::success(status, message, json.end_array().take());
}

std::string place_of(const FilterInput& input, std::string_view name) {
  return (input.path.empty() ? "" : input.path + ".") + std::string(name);
}

// A filter is about a type of the catalogue; patterns are in no catalogue.
Result<void> check_type(Tx& tx, const ProjectId& project, const FilterInput& input) {
  if (input.event_type == "*" || is_glob(input.event_type)) return {};
  FL_TRY(const bool is_known, store::has_event_type(tx, project, input.event_type));
  if (is_known) return {};
  return fail(Error{Code::not_found, "event type not found", "", place_of(input, "event_type")});
}

std::unexpected<Error> type_taken(const FilterInput& input) {
  const auto field = place_of(input, "event_type");
  return bad_field(field, "duplicate", field + ": the subscription has a filter of that event type");
}

Result<FilterRow> insert(Tx& tx, const FiltersKey& key, const FilterInput& input, std::int64_t version, IdSource& ids) {
  const auto field = place_of(input, "event_type");
  if (input.event_type.empty()) return bad_field(field, "required", field + " is required");
  FL_TRY_VOID(check_type(tx, key.project, input));
  const auto now = wall_now();
  FilterRow made{.project = key.project,
                 .id = ids.next<FilterTag>(),
                 .subscription = key.subscription,
                 .event_type = input.event_type,
                 .enabled_at = input.says_enabled ? input.enabled_at : now,
                 .text = input.text,
                 .created_at = now,
                 .updated_at = now};
  FL_TRY(const bool is_new, store::insert_filter(tx, made, version));
  if (!is_new) return type_taken(input);
  return made;
}

// Absent and null scopes keep what is there.
Result<FilterRow> update(Tx& tx, const FiltersKey& key, FilterRow filter, const FilterInput& input,
                         std::int64_t version) {
  if (!input.event_type.empty() && input.event_type != filter.event_type) {
    FL_TRY_VOID(check_type(tx, key.project, input));
    filter.event_type = input.event_type;
  }
  for (const auto scope : filter_scopes) {
    if (input.text.of(scope)) filter.text.of(scope) = input.text.of(scope);
  }
  if (input.says_enabled) filter.enabled_at = input.enabled_at;
  filter.updated_at = wall_now();
  FL_TRY(const bool is_free, store::update_filter(tx, filter, version));
  if (!is_free) return type_taken(input);
  return filter;
}

Result<std::vector<FilterInput>> read_inputs(const Request& request) {
  FL_TRY(const auto body, JsonValue::parse(request.http->body));
  FL_TRY(const auto items, body.items(filters_of_request_max));
  std::vector<FilterInput> inputs;
  for (const auto& item : items) {
    FL_TRY(auto input, read_filter_input(item));
    inputs.push_back(std::move(input));
  }
  return inputs;
}

// A test's member that is an object; absent and null are the same.
Result<std::optional<JsonValue>> find_object(const JsonValue& body, std::string_view name) {
  if (body.kind() != JsonKind::object) return bad_field("", "wrong_type", "the body: expected an object");
  auto found = body.find(name);
  if (!found || found->kind() == JsonKind::null) return std::nullopt;
  if (found->kind() != JsonKind::object)
    return bad_field(found->path, "wrong_type", found->path + ": expected an object");
  return found;
}

Result<bool> as_match(const FilterVerdict& verdict) {
  switch (verdict.kind) {
    case FilterVerdict::Kind::no_filter:
    case FilterVerdict::Kind::matched:
      return true;
    case FilterVerdict::Kind::failed:
    case FilterVerdict::Kind::disabled:
      return false;
    default:
      return fail(Error{Code::invalid, verdict.reason, "filter_unevaluable"});
  }
}

// The path's event type, whose escapes the router leaves as they are.
std::string event_type_of(const Request& request) {
  for (const auto& [name, value] : request.params) {
    if (name == "event_type") return Query::parse("type=" + value).first("type").value_or("");
  }
  return "";
}

}  // namespace

Task<Result<Response>> list_filters(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  const auto read = [key](Tx& tx) -> Result<std::vector<FilterRow>> {
    FL_TRY_VOID(check_reached(tx, key));
    return store::list_filters(tx, key.project, key.subscription);
  };
  FL_CO_TRY(const auto filters, co_await context.db.run(TxKind::snapshot, read));
  co_return filters_response(net::http::status::ok, "Filters", filters, false);
}

Task<Result<Response>> create_filter(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(const auto body, JsonValue::parse(request->http->body));
  FL_CO_TRY(const auto input, read_filter_input(body));
  const auto work = [key, input, &ids = context.ids](Tx& tx) -> Result<FilterRow> {
    FL_TRY(const auto version, store::begin_project_change(tx, key.project));
    FL_TRY_VOID(check_reached(tx, key));
    return insert(tx, key, input, version, ids);
  };
  FL_CO_TRY(const auto filter, co_await context.db.run(TxKind::read_write, work));
  co_return filter_response(net::http::status::created, "Filter created", filter, true);
}

Task<Result<Response>> show_filter(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  const auto read = [key](Tx& tx) { return get_reached(tx, key, id_text_of(*key.request)); };
  FL_CO_TRY(const auto filter, co_await context.db.run(TxKind::snapshot, read));
  co_return filter_response(net::http::status::ok, "Filter", filter, false);
}

Task<Result<Response>> update_filter(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(const auto body, JsonValue::parse(request->http->body));
  FL_CO_TRY(const auto input, read_filter_input(body));
  const auto work = [key, input](Tx& tx) -> Result<FilterRow> {
    FL_TRY(const auto version, store::begin_project_change(tx, key.project));
    FL_TRY(auto filter, get_reached(tx, key, id_text_of(*key.request)));
    FL_TRY_VOID(check_if_match(*key.request->http, filter.updated_at));
    return update(tx, key, std::move(filter), input, version);
  };
  FL_CO_TRY(const auto filter, co_await context.db.run(TxKind::read_write, work));
  co_return filter_response(net::http::status::ok, "Filter updated", filter, false);
}

Task<Result<Response>> delete_filter(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  const auto work = [key](Tx& tx) -> Result<bool> {
    FL_TRY(const auto version, store::begin_project_change(tx, key.project));
    FL_TRY(const auto filter, get_reached(tx, key, id_text_of(*key.request)));
    FL_TRY_VOID(check_if_match(*key.request->http, filter.updated_at));
    FL_TRY_VOID(store::delete_filter(tx, filter, version, wall_now()));
    return true;
  };
  FL_CO_TRY([[maybe_unused]] const bool is_gone, co_await context.db.run(TxKind::read_write, work));
  co_return net::success(net::http::status::ok, "Filter deleted", "null");
}

Task<Result<Response>> create_filters(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(const auto inputs, read_inputs(*request));
  const auto work = [key, inputs, &ids = context.ids](Tx& tx) -> Result<std::vector<FilterRow>> {
    FL_TRY(const auto version, store::begin_project_change(tx, key.project));
    FL_TRY_VOID(check_reached(tx, key));
    std::vector<FilterRow> made;
    for (const auto& input : inputs) {
      FL_TRY(auto filter, insert(tx, key, input, version, ids));
      made.push_back(std::move(filter));
    }
    return made;
  };
  FL_CO_TRY(const auto filters, co_await context.db.run(TxKind::read_write, work));
  co_return filters_response(net::http::status::created, "Filters created", filters, true);
}

// PUT or POST …/bulk_update: all of them or none.
Task<Result<Response>> update_filters(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(const auto inputs, read_inputs(*request));
  const auto work = [key, inputs](Tx& tx) -> Result<std::vector<FilterRow>> {
    FL_TRY(const auto version, store::begin_project_change(tx, key.project));
    FL_TRY_VOID(check_reached(tx, key));
    std::vector<FilterRow> changed;
    for (const auto& input : inputs) {
      const auto field = place_of(input, "uid");
      if (input.id.empty()) return bad_field(field, "required", field + " is required");
      auto filter = get_reached(tx, key, input.id);
      if (!filter) {
        filter.error().field = field;
        return std::unexpected(filter.error());
      }
      FL_TRY(auto updated, update(tx, key, *std::move(filter), input, version));
      changed.push_back(std::move(updated));
    }
    return changed;
  };
  FL_CO_TRY(const auto filters, co_await context.db.run(TxKind::read_write, work));
  co_return filters_response(net::http::status::ok, "Filters updated", filters, false);
}

// What the subscription's filters say of an event of that type: {"payload": …} or {"request": {"body": …, …}}.
Task<Result<Response>> test_filters(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(request));
  FL_CO_TRY(const auto body, JsonValue::parse(request->http->body));
  const auto work = [key, body](Tx& tx) -> Result<bool> {
    FL_TRY_VOID(check_reached(tx, key));
    FL_TRY(const auto rows, store::list_filters(tx, key.project, key.subscription));
    const auto type = event_type_of(*key.request);
    std::vector<TypeFilter> filters;
    for (const auto& row : rows) {
      if (!matches_event_type(row.event_type, type)) continue;
      filters.push_back(make_type_filter(row.id, row.event_type, row.enabled_at.has_value(), row.text));
    }
    FL_TRY(const auto request, find_object(body, "request"));
    const auto event = request.value_or(body);
    auto subject = read_filter_subject(event);
    if (const auto payload = body.find("payload"); payload && !event.find("body")) subject.set_body(payload->raw());
    FilterBudget budget(filter_limits::steps_max);
    const SubscriptionFilters set(std::move(filters));
    return as_match(judge_filters(&set, type, subject, budget));
  };
  FL_CO_TRY(const bool is_match, co_await context.db.run(TxKind::snapshot, work));
  JsonWriter json;
  json.begin_object().field("is_match", is_match).end_object();
  co_return net::success(net::http::status::ok, "Filter tested", json.take());
}

// {"request": …, "schema": …}: whether every scope of the schema, a filter, lets the request pass.
Task<Result<Response>> test_filter(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto body, JsonValue::parse(request->http->body));
  const auto work = [body](Tx&) -> Result<bool> {
    FilterText text;
    FL_TRY(const auto schema, find_object(body, "schema"));
    if (schema) {
      FL_TRY(text, read_filter_scopes(*schema));
    }
    FL_TRY(const auto event, find_object(body, "request"));
    const SubscriptionFilters set({make_type_filter({}, "*", true, text)});
    auto subject = event ? read_filter_subject(*event) : FilterSubject({});
    FilterBudget budget(filter_limits::steps_max);
    return as_match(judge_filters(&set, "*", subject, budget));
  };
  // A filter may take long: not on a thread that every request waits for.
  FL_CO_TRY(const bool is_match, co_await context.db.run(TxKind::autocommit, work));
  co_return net::success(net::http::status::ok, "Filter tested", is_match ? "true" : "false");
}

}  // namespace fairlead::control
