#include "control_plane/services/openapi_import.hpp"

#include <array>
#include <set>

#include "common/domain/event_type.hpp"
#include "common/domain/json_scan.hpp"
#include "control_plane/services/json_schema.hpp"
#include "control_plane/services/yaml.hpp"

namespace fairlead::control {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kSchemasBytesMax =
    8 * 1024 * 1024;  // of all together: components are taken along again and again
constexpr std::string_view kComponents = "#/components/";
constexpr int kReferencesMax = 32;  // one pointing to the next

Result<Json> read_document(std::string_view spec) {
  const auto start = spec.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || spec[start] != '{') return parse_yaml(spec);
  FL_TRY_VOID(validate_json(spec));
  auto document = Json::parse(spec, nullptr, false);
  if (document.is_discarded()) return fail(Error{Code::invalid, "a number is out of range", "invalid_json"});
  return document;
}

const Json* find(const Json& value, std::string_view name) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(std::string(name));
  return found == value.end() ? nullptr : &*found;
}

std::string text_of(const Json& value, std::string_view name) {
  const auto* found = find(value, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

// One segment of a JSON pointer (RFC 6901).
std::string unescape(std::string_view segment) {
  std::string text;
  for (std::size_t at = 0; at < segment.size(); ++at) {
    const bool is_escape = segment[at] == '~' && at + 1 < segment.size();
    text += is_escape ? (segment[++at] == '1' ? '/' : '~') : segment[at];
  }
  return text;
}

// What "#/a/b" points to in the document; null if it points elsewhere or to nothing.
const Json* resolve(const Json& document, std::string_view reference) {
  if (!reference.starts_with("#/")) return nullptr;
  reference.remove_prefix(1);
  const Json* at = &document;
  while (at != nullptr && !reference.empty()) {
    reference.remove_prefix(1);
    const auto end = std::min(reference.find('/'), reference.size());
    at = find(*at, unescape(reference.substr(0, end)));
    reference.remove_prefix(end);
  }
  return at;
}

// The object itself, behind references if it is one.
const Json* follow(const Json& document, const Json* value) {
  for (int step = 0; value != nullptr && step < kReferencesMax; ++step) {
    const auto* reference = find(*value, "$ref");
    if (reference == nullptr || !reference->is_string()) return value;
    value = resolve(document, reference->get_ref<const std::string&>());
  }
  return nullptr;
}

void collect_references(const Json& value, std::vector<std::string>& references) {
  if (value.is_object()) {
    if (auto reference = text_of(value, "$ref"); reference.starts_with(kComponents))
      references.push_back(std::move(reference));
  }
  if (!value.is_structured()) return;
  for (const auto& each : value) collect_references(each, references);
}

// The schema, with the components that it needs, however they refer to each other.
Json bundle(const Json& document, const Json& schema) {
  Json made = schema;
  Json components = Json::object();
  std::vector<std::string> open;
  std::set<std::string> seen;
  collect_references(schema, open);
  while (!open.empty()) {
    const std::string reference = std::move(open.back());
    open.pop_back();
    // "#/components/<kind>/<name>", and perhaps further into it: the whole component goes along.
    const auto kind_end = reference.find('/', kComponents.size());
    if (kind_end == std::string::npos) continue;
    const auto whole = reference.substr(0, reference.find('/', kind_end + 1));
    const auto* component = resolve(document, whole);
    if (component == nullptr || !seen.insert(whole).second) continue;
    components[unescape(whole.substr(kComponents.size(), kind_end - kComponents.size()))]
              [unescape(whole.substr(kind_end + 1))] = *component;
    collect_references(*component, open);
  }
  if (!components.empty() && made.is_object()) made["components"] = std::move(components);
  return made;
}

// The operation whose body is sent: post, as webhooks have it, or the first that is there.
const Json* operation_of(const Json& document, const Json& item) {
  for (const char* method : {"post", "put", "patch", "get", "delete"}) {
    const auto* operation = follow(document, find(item, method));
    if (operation != nullptr && operation->is_object()) return operation;
  }
  return nullptr;
}

const Json* schema_of(const Json& document, const Json& operation) {
  const auto* body = follow(document, find(operation, "requestBody"));
  const auto* content = body == nullptr ? nullptr : find(*body, "content");
  if (content == nullptr || !content->is_object() || content->empty()) return nullptr;
  const auto* media = find(*content, "application/json");
  if (media == nullptr) media = &*content->begin();
  return find(*media, "schema");
}

Result<ImportedType> read_webhook(const Json& document, const std::string& name, const Json& item,
                                  std::size_t& schemas_bytes) {
  const std::string field = "spec.webhooks." + name;
  ImportedType type{.name = name, .description = {}, .json_schema = {}};
  FL_TRY_VOID(check_event_type(name, "spec.webhooks"));
  const auto* path = follow(document, &item);
  if (path == nullptr || !path->is_object())
    return bad_field(field, "invalid_spec", field + ": expected an object, or a reference to one in the document");
  const auto* operation = operation_of(document, *path);
  if (operation == nullptr) return bad_field(field, "invalid_spec", field + ": expected an operation such as post");
  for (const auto& text : {text_of(*operation, "description"), text_of(*operation, "summary"),
                           text_of(*path, "description"), text_of(*path, "summary")}) {
    if (type.description.empty()) type.description = text.substr(0, 4096);
  }
  if (const auto* schema = schema_of(document, *operation); schema != nullptr && schema->is_object()) {
    const auto whole = bundle(document, *schema);
    FL_TRY_VOID(check_json_schema(whole, field + ".schema"));
    type.json_schema = whole.dump();
    schemas_bytes += type.json_schema->size();
  }
  return type;
}

}  // namespace

Result<std::vector<ImportedType>> read_openapi_webhooks(std::string_view spec) {
  const auto document = read_document(spec);
  if (!document) return bad_field("spec", document.error().reason, "spec: " + document.error().message);
  const auto version = text_of(*document, "openapi");
  const auto* webhooks = find(*document, "webhooks");
  if (!version.starts_with("3.")) return bad_field("spec", "invalid_spec", "spec: expected openapi: 3.x");
  if (webhooks == nullptr || !webhooks->is_object() || webhooks->empty())
    return bad_field("spec", "invalid_spec", "spec: expected webhooks, an object with at least one of them");
  if (webhooks->size() > openapi_webhooks_max) {
    return bad_field("spec", "too_many",
                     "spec: at most " + std::to_string(openapi_webhooks_max) + " webhooks at a time");
  }
  std::vector<ImportedType> types;
  std::size_t schemas_bytes = 0;
  for (const auto& [name, item] : webhooks->items()) {
    FL_TRY(auto type, read_webhook(*document, name, item, schemas_bytes));
    if (schemas_bytes > kSchemasBytesMax)
      return bad_field("spec", "too_large", "spec: its schemas, each with what it refers to, are too large together");
    types.push_back(std::move(type));
  }
  return types;
}

}  // namespace fairlead::control
