#include "control_plane/http/json_body.hpp"

#include "common/domain/json_scan.hpp"
#include "control_plane/http/go_duration.hpp"

namespace fairlead::control {
namespace {

using Json = nlohmann::ordered_json;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// The member as a field without its value; `expected` completes "expected …".
template <class T>
Field<T> presence(const Json* found) {
  return {.is_present = found != nullptr, .is_null = found != nullptr && found->is_null()};
}

auto wrong_type(std::string path, std::string_view expected) {
  auto message = path + ": expected " + std::string(expected);
  return bad_field(std::move(path), "wrong_type", std::move(message));
}

auto out_of_range(std::string path, Bounds bounds) {
  auto message = path + ": expected " + std::to_string(bounds.min) + " to " + std::to_string(bounds.max);
  return bad_field(std::move(path), "out_of_range", std::move(message));
}

bool is_within(const Json& value, Bounds bounds) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return number <= static_cast<std::uint64_t>(bounds.max) && static_cast<std::int64_t>(number) >= bounds.min;
  }
  const auto number = value.get<std::int64_t>();
  return number >= bounds.min && number <= bounds.max;
}

}  // namespace

Result<JsonBody> JsonBody::parse(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return fail(Error{Code::invalid, "a JSON body is required", "body_required"});
  }
  FL_TRY_VOID(validate_json(text));
  const Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) return fail(Error{Code::invalid, "the body is not valid JSON", "invalid_json"});
  if (!value.is_object()) return fail(Error{Code::invalid, "the body: expected a JSON object", "wrong_type"});
  return from_object(value, "");
}

JsonBody JsonBody::from_object(const Json& value, std::string path) {
  JsonBody body;
  body.path_ = std::move(path);
  for (const auto& [name, member] : value.items()) {
    std::string key = lower(name);
    std::erase_if(body.members_, [&](const auto& known) { return known.first == key; });
    body.members_.emplace_back(std::move(key), member);
  }
  return body;
}

const Json* JsonBody::find(std::string_view name) const {
  const std::string key = lower(name);
  for (const auto& [known, value] : members_) {
    if (known == key) return &value;
  }
  return nullptr;
}

std::string JsonBody::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

Result<Field<std::string>> JsonBody::text(std::string_view name, std::size_t bytes_max) const {
  const Json* found = find(name);
  auto field = presence<std::string>(found);
  if (!field.has_value()) return field;
  if (!found->is_string()) return wrong_type(path_of(name), "a string");
  field.value = found->get<std::string>();
  if (field.value.size() > bytes_max) {
    return bad_field(path_of(name), "too_long", path_of(name) + " has at most " + std::to_string(bytes_max) + " bytes");
  }
  return field;
}

Result<std::string> JsonBody::required_text(std::string_view name, std::size_t bytes_max) const {
  FL_TRY(auto field, text(name, bytes_max));
  if (field.value.find_first_not_of(" \t\r\n") == std::string::npos) {
    return bad_field(path_of(name), "required", path_of(name) + " is required");
  }
  return std::move(field.value);
}

Result<Field<std::int64_t>> JsonBody::integer(std::string_view name, Bounds bounds) const {
  const Json* found = find(name);
  auto field = presence<std::int64_t>(found);
  if (!field.has_value()) return field;
  if (!found->is_number_integer()) return wrong_type(path_of(name), "a whole number");
  if (!is_within(*found, bounds)) return out_of_range(path_of(name), bounds);
  field.value = found->get<std::int64_t>();
  return field;
}

Result<Field<bool>> JsonBody::boolean(std::string_view name) const {
  const Json* found = find(name);
  auto field = presence<bool>(found);
  if (!field.has_value()) return field;
  if (!found->is_boolean()) return wrong_type(path_of(name), "true or false");
  field.value = found->get<bool>();
  return field;
}

Result<Field<JsonBody>> JsonBody::object(std::string_view name) const {
  const Json* found = find(name);
  auto field = presence<JsonBody>(found);
  if (!field.has_value()) return field;
  if (!found->is_object()) return wrong_type(path_of(name), "an object");
  field.value = from_object(*found, path_of(name));
  return field;
}

Result<Field<std::vector<JsonBody>>> JsonBody::objects(std::string_view name, std::size_t count_max) const {
  const Json* found = find(name);
  auto field = presence<std::vector<JsonBody>>(found);
  if (!field.has_value()) return field;
  if (!found->is_array()) return wrong_type(path_of(name), "an array of objects");
  if (found->size() > count_max)
    return bad_field(path_of(name), "too_many", path_of(name) + " has at most " + std::to_string(count_max) + " items");
  for (std::size_t index = 0; index < found->size(); ++index) {
    const std::string path = path_of(name) + "." + std::to_string(index);
    if (!(*found)[index].is_object()) return wrong_type(path, "an object");
    field.value.push_back(from_object((*found)[index], path));
  }
  return field;
}

Result<Field<std::vector<std::string>>> JsonBody::texts(std::string_view name, std::size_t count_max) const {
  const Json* found = find(name);
  auto field = presence<std::vector<std::string>>(found);
  if (!field.has_value()) return field;
  if (!found->is_array()) return wrong_type(path_of(name), "an array of strings");
  if (found->size() > count_max)
    return bad_field(path_of(name), "too_many", path_of(name) + " has at most " + std::to_string(count_max) + " items");
  for (std::size_t index = 0; index < found->size(); ++index) {
    if (!(*found)[index].is_string()) return wrong_type(path_of(name) + "." + std::to_string(index), "a string");
    field.value.push_back((*found)[index].get<std::string>());
  }
  return field;
}

Result<Field<std::int64_t>> JsonBody::seconds(std::string_view name, Bounds bounds, bool is_text_allowed) const {
  const Json* found = find(name);
  if (!is_text_allowed || found == nullptr || !found->is_string()) return integer(name, bounds);
  auto field = presence<std::int64_t>(found);
  const auto text = found->get<std::string>();
  if (text.empty()) return Field<std::int64_t>{};  // what an unset duration looks like in these clients
  const auto duration = parse_go_duration(text);
  if (!duration)
    return bad_field(path_of(name), "invalid_duration",
                     path_of(name) + ": expected seconds or a duration such as \"10s\"");
  field.value = std::chrono::ceil<std::chrono::seconds>(*duration).count();
  if (field.value < bounds.min || field.value > bounds.max) return out_of_range(path_of(name), bounds);
  return field;
}

}  // namespace fairlead::control
