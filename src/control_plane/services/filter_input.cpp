#include "control_plane/services/filter_input.hpp"

#include <algorithm>
#include <map>

#include "common/core/clock.hpp"
#include "common/domain/event_type.hpp"

namespace fairlead::control {
namespace {

bool is_same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

auto wrong_type(const std::string& field, std::string_view expected) {
  return bad_field(field, "wrong_type", (field.empty() ? "the body" : field) + ": expected " + std::string(expected));
}

using Members = std::map<std::string, JsonTape::Place>;

Members members_of(const JsonTape& tape, JsonTape::Place object) {
  Members members;
  std::string storage;
  tape.any_member(object, [&](JsonTape::Place key, JsonTape::Place value) {
    members.insert_or_assign(std::string(tape.text(key, storage)), value);
    return false;
  });
  return members;
}

std::vector<JsonTape::Place> items_of(const JsonTape& tape, JsonTape::Place array) {
  std::vector<JsonTape::Place> items;
  tape.any_item(array, [&](JsonTape::Place item) {
    items.push_back(item);
    return false;
  });
  return items;
}

// As deep as a body may be nested.
bool is_same(const JsonTape& a, JsonTape::Place in_a, const JsonTape& b, JsonTape::Place in_b) {
  if (a.kind(in_a) != b.kind(in_b)) return false;
  switch (a.kind(in_a)) {
    case JsonKind::string: {
      std::string of_a;
      std::string of_b;
      return a.text(in_a, of_a) == b.text(in_b, of_b);
    }
    case JsonKind::array:
      return std::ranges::equal(items_of(a, in_a), items_of(b, in_b),
                                [&](auto x, auto y) { return is_same(a, x, b, y); });
    case JsonKind::object:
      return std::ranges::equal(members_of(a, in_a), members_of(b, in_b), [&](const auto& x, const auto& y) {
        return x.first == y.first && is_same(a, x.second, b, y.second);
      });
    default:
      return a.raw(in_a) == b.raw(in_b);
  }
}

// "header" is what tests say, "headers" what filters say; both are taken everywhere.
std::optional<JsonValue> find_scope(const JsonValue& object, FilterScope scope) {
  auto found = object.find(to_text(scope));
  if (scope == FilterScope::headers && (!found || found->kind() == JsonKind::null)) found = object.find("header");
  if (found && found->kind() == JsonKind::null) found.reset();
  return found;
}

}  // namespace

Result<JsonValue> JsonValue::parse(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return fail(Error{Code::invalid, "a JSON body is required", "body_required"});
  JsonValue value;
  value.text = std::make_shared<const std::string>(text);
  FL_TRY(auto tape, JsonTape::parse(*value.text));
  value.tape = std::make_shared<const JsonTape>(std::move(tape));
  return value;
}

std::optional<JsonValue> JsonValue::find(std::string_view name) const {
  std::optional<JsonValue> found;
  if (kind() != JsonKind::object) return found;
  std::string storage;
  tape->any_member(at, [&](JsonTape::Place key, JsonTape::Place value) {
    if (is_same_name(tape->text(key, storage), name))
      found = JsonValue{text, tape, value, path.empty() ? std::string(name) : path + "." + std::string(name)};
    return false;
  });
  return found;
}

std::vector<JsonValue> JsonValue::members() const {
  std::vector<JsonValue> members;
  std::string storage;
  tape->any_member(at, [&](JsonTape::Place key, JsonTape::Place value) {
    members.push_back({text, tape, value, (path.empty() ? "" : path + ".") + std::string(tape->text(key, storage))});
    return false;
  });
  return members;
}

Result<std::string> JsonValue::member_text(std::string_view name) const {
  const auto found = find(name);
  if (!found || found->kind() == JsonKind::null) return std::string();
  if (found->kind() != JsonKind::string) return wrong_type(found->path, "a string");
  std::string storage;
  return std::string(tape->text(found->at, storage));
}

Result<std::vector<JsonValue>> JsonValue::items(std::size_t count_max) const {
  if (kind() != JsonKind::array) return wrong_type(path, "an array");
  if (tape->count(at) > count_max)
    return bad_field(path, "too_many", "at most " + std::to_string(count_max) + " items are taken");
  std::vector<JsonValue> items;
  tape->any_item(at, [&](JsonTape::Place item) {
    items.push_back({text, tape, item, (path.empty() ? "" : path + ".") + std::to_string(items.size())});
    return false;
  });
  return items;
}

Result<FilterText> read_filter_scopes(const JsonValue& object) {
  FilterText text;
  for (const auto scope : filter_scopes) {
    const auto found = find_scope(object, scope);
    if (!found) continue;
    if (found->kind() != JsonKind::object) return wrong_type(found->path, "an object");
    text.of(scope) = std::string(found->raw());
  }
  FL_TRY([[maybe_unused]] const auto filter, Filter::compile(text, object.path));
  return text;
}

FilterSubject read_filter_subject(const JsonValue& object) {
  FilterSubject::Texts texts;
  const auto take = [&](FilterScope scope) -> std::optional<std::string> {
    const auto found = find_scope(object, scope);
    return found ? std::optional(std::string(found->raw())) : std::nullopt;
  };
  texts.headers = take(FilterScope::headers);
  texts.query = take(FilterScope::query);
  texts.path = take(FilterScope::path);
  // Null is a body, too.
  if (const auto body = object.find("body")) texts.body = body->raw();
  return FilterSubject(std::move(texts));
}

Result<FilterInput> read_filter_input(const JsonValue& value) {
  if (value.kind() != JsonKind::object) return wrong_type(value.path, "an object");
  FilterInput input{.path = value.path};
  FL_TRY(input.event_type, value.member_text("event_type"));
  const std::string place = value.path.empty() ? "event_type" : value.path + ".event_type";
  if (!input.event_type.empty()) FL_TRY_VOID(check_event_type_pattern(input.event_type, place));
  FL_TRY(input.id, value.member_text("uid"));
  if (const auto enabled = value.find("enabled_at")) {
    input.says_enabled = true;
    if (enabled->kind() != JsonKind::null) {
      FL_TRY(const auto text, value.member_text("enabled_at"));
      input.enabled_at = parse_time(text);
      if (!input.enabled_at)
        return bad_field(enabled->path, "invalid_time", enabled->path + ": expected an RFC 3339 time");
    }
  }
  FL_TRY(input.text, read_filter_scopes(value));
  return input;
}

Result<std::optional<FilterText>> read_subscription_filter(std::string_view body) {
  FL_TRY(const auto value, JsonValue::parse(body));
  const auto config = value.find("filter_config");
  if (!config || config->kind() != JsonKind::object) return std::nullopt;
  const auto filter = config->find("filter");
  if (!filter || filter->kind() == JsonKind::null) return FilterText{};
  if (filter->kind() != JsonKind::object) return wrong_type(filter->path, "an object");
  FL_TRY(auto text, read_filter_scopes(*filter));
  return text;
}

bool is_sent_back(const FilterText& sent, const FilterText& kept) {
  return std::ranges::all_of(filter_scopes, [&](FilterScope scope) {
    if (!sent.of(scope)) return false;
    const auto shown = kept.of(scope).value_or("{}");
    const auto a = JsonTape::parse(*sent.of(scope));
    const auto b = JsonTape::parse(shown);
    return a && b && is_same(*a, 0, *b, 0);
  });
}

}  // namespace fairlead::control
