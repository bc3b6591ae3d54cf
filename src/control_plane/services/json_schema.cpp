#include "control_plane/services/json_schema.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace fairlead::control {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kTypes = {"array", "boolean", "integer", "null", "number", "object", "string"};

// What the meta-schema asks of a keyword's value.
enum class Shape {
  text,
  flag,
  number,
  positive,       // a number above 0
  bound,          // a number, or the flag of older drafts
  count,          // a whole number from 0
  list,           // any array
  names,          // an array of different strings
  names_by_name,  // an object of such arrays
  type,           // a type's name or several
  schema,
  schema_or_list,  // a schema or an array of them
  schemas,         // an array of at least one schema
  schemas_by_name,
  schemas_or_names_by_name,
};

struct Keyword {
  std::string_view name;
  Shape shape;
};

constexpr std::array kKeywords = std::to_array<Keyword>({
    {"$schema", Shape::text},
    {"$id", Shape::text},
    {"$ref", Shape::text},
    {"$anchor", Shape::text},
    {"$dynamicRef", Shape::text},
    {"$dynamicAnchor", Shape::text},
    {"$comment", Shape::text},
    {"title", Shape::text},
    {"description", Shape::text},
    {"format", Shape::text},
    {"pattern", Shape::text},
    {"contentEncoding", Shape::text},
    {"contentMediaType", Shape::text},
    {"deprecated", Shape::flag},
    {"readOnly", Shape::flag},
    {"writeOnly", Shape::flag},
    {"uniqueItems", Shape::flag},
    {"nullable", Shape::flag},
    {"multipleOf", Shape::positive},
    {"maximum", Shape::number},
    {"minimum", Shape::number},
    {"exclusiveMaximum", Shape::bound},
    {"exclusiveMinimum", Shape::bound},
    {"maxLength", Shape::count},
    {"minLength", Shape::count},
    {"maxItems", Shape::count},
    {"minItems", Shape::count},
    {"maxContains", Shape::count},
    {"minContains", Shape::count},
    {"maxProperties", Shape::count},
    {"minProperties", Shape::count},
    {"enum", Shape::list},
    {"examples", Shape::list},
    {"required", Shape::names},
    {"dependentRequired", Shape::names_by_name},
    {"type", Shape::type},
    {"additionalProperties", Shape::schema},
    {"unevaluatedProperties", Shape::schema},
    {"propertyNames", Shape::schema},
    {"additionalItems", Shape::schema},
    {"unevaluatedItems", Shape::schema},
    {"contains", Shape::schema},
    {"contentSchema", Shape::schema},
    {"not", Shape::schema},
    {"if", Shape::schema},
    {"then", Shape::schema},
    {"else", Shape::schema},
    {"items", Shape::schema_or_list},
    {"prefixItems", Shape::schemas},
    {"allOf", Shape::schemas},
    {"anyOf", Shape::schemas},
    {"oneOf", Shape::schemas},
    {"properties", Shape::schemas_by_name},
    {"patternProperties", Shape::schemas_by_name},
    {"$defs", Shape::schemas_by_name},
    {"definitions", Shape::schemas_by_name},
    {"dependentSchemas", Shape::schemas_by_name},
    {"dependencies", Shape::schemas_or_names_by_name},
});

Result<void> check(const Json& schema, const std::string& path);

auto refuse(const std::string& path, std::string_view expected) {
  return bad_field(path, "invalid_schema", path + ": expected " + std::string(expected));
}

bool are_names(const Json& value) {
  if (!value.is_array()) return false;
  std::vector<std::string> names;
  for (const auto& each : value) {
    if (!each.is_string()) return false;
    names.push_back(each.get<std::string>());
  }
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) == names.end();
}

bool is_type(const Json& value) {
  return value.is_string() && std::ranges::find(kTypes, value.get_ref<const std::string&>()) != kTypes.end();
}

bool is_count(const Json& value) {
  if (value.is_number_unsigned()) return true;
  if (!value.is_number_float()) return false;
  const auto number = value.get<double>();
  return number >= 0 && std::floor(number) == number;
}

bool has_plain_shape(const Json& value, Shape shape) {
  switch (shape) {
    case Shape::text:
      return value.is_string();
    case Shape::flag:
      return value.is_boolean();
    case Shape::number:
      return value.is_number();
    case Shape::positive:
      return value.is_number() && value.get<double>() > 0;
    case Shape::bound:
      return value.is_number() || value.is_boolean();
    case Shape::count:
      return is_count(value);
    case Shape::list:
      return value.is_array();
    case Shape::names:
      return are_names(value);
    case Shape::names_by_name:
      return value.is_object() && std::ranges::all_of(value, are_names);
    case Shape::type:
      return is_type(value) || (are_names(value) && !value.empty() && std::ranges::all_of(value, is_type));
    default:
      return true;
  }
}

std::string_view expectation(Shape shape) {
  switch (shape) {
    case Shape::text:
      return "a string";
    case Shape::flag:
      return "true or false";
    case Shape::number:
      return "a number";
    case Shape::positive:
      return "a number above 0";
    case Shape::bound:
      return "a number or a boolean";
    case Shape::count:
      return "a whole number, 0 or more";
    case Shape::list:
      return "an array";
    case Shape::names:
      return "an array of different strings";
    case Shape::names_by_name:
      return "an object of arrays of different strings";
    case Shape::type:
      return "array, boolean, integer, null, number, object or string, or an array of them";
    case Shape::schemas:
      return "an array of one or more schemas";
    case Shape::schemas_by_name:
    case Shape::schemas_or_names_by_name:
      return "an object of schemas";
    default:
      return "a schema";
  }
}

Result<void> check_list(const Json& list, const std::string& path) {
  for (std::size_t index = 0; index < list.size(); ++index)
    FL_TRY_VOID(check(list[index], path + "." + std::to_string(index)));
  return {};
}

Result<void> check_keyword(const Json& value, Shape shape, const std::string& path) {
  if (!has_plain_shape(value, shape)) return refuse(path, expectation(shape));
  switch (shape) {
    case Shape::schema:
      return check(value, path);
    case Shape::schema_or_list:
      return value.is_array() ? check_list(value, path) : check(value, path);
    case Shape::schemas:
      if (!value.is_array() || value.empty()) return refuse(path, expectation(shape));
      return check_list(value, path);
    case Shape::schemas_by_name:
    case Shape::schemas_or_names_by_name:
      if (!value.is_object()) return refuse(path, expectation(shape));
      for (const auto& [name, each] : value.items()) {
        if (shape == Shape::schemas_or_names_by_name && are_names(each)) continue;
        FL_TRY_VOID(check(each, path + "." + name));
      }
      return {};
    default:
      return {};
  }
}

// As deep as the document, which its reader bounded.
Result<void> check(const Json& schema, const std::string& path) {
  if (schema.is_boolean()) return {};
  if (!schema.is_object()) return refuse(path, "a schema: an object or a boolean");
  for (const auto& [name, value] : schema.items()) {
    const auto known = std::ranges::find(kKeywords, std::string_view(name), &Keyword::name);
    if (known != kKeywords.end()) FL_TRY_VOID(check_keyword(value, known->shape, path + "." + name));
  }
  return {};
}

}  // namespace

Result<void> check_json_schema(const nlohmann::ordered_json& schema, const std::string& field) {
  if (schema.dump(-1, ' ', false, Json::error_handler_t::replace).size() > json_schema_bytes_max) {
    return bad_field(field, "too_long",
                     field + ": a schema has at most " + std::to_string(json_schema_bytes_max) + " bytes");
  }
  return check(schema, field);
}

}  // namespace fairlead::control
