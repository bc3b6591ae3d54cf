#include "control_plane/resources/payload_json.hpp"

#include <nlohmann/json.hpp>

#include "common/domain/json_scan.hpp"

namespace fairlead::control {

void write_payload(JsonWriter& json, std::string_view body, bool has_raw) {
  const bool is_json = validate_json(body).has_value();
  json.raw_field("data", is_json ? body : "null");
  if (has_raw || !is_json) json.field("raw", body);
}

void write_custom_headers(JsonWriter& json, const std::string& headers_json) {
  json.key("headers").begin_object();
  const auto headers =
      headers_json.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json::parse(headers_json, nullptr, false);
  if (headers.is_object()) {
    for (const auto& [name, value] : headers.items()) {
      json.key(name).begin_array();
      if (value.is_string()) json.value(value.get<std::string>());
      if (value.is_array()) {
        for (const auto& each : value) {
          if (each.is_string()) json.value(each.get<std::string>());
        }
      }
      json.end_array();
    }
  }
  json.end_object();
}

void write_no_source(JsonWriter& json, const char* name) {
  json.key(name).begin_object();
  for (const char* text : {"uid", "project_id", "mask_id", "name", "url", "type", "provider"}) json.field(text, "");
  json.field("is_disabled", false).field("verifier", nullptr);
  json.key("custom_response").begin_object().field("body", "").field("content_type", "").end_object();
  for (const char* text : {"provider_config", "forward_headers", "pub_sub", "idempotency_keys"})
    json.field(text, nullptr);
  json.field("event_type_location", "").field("body_function", nullptr).field("header_function", nullptr);
  json.field("created_at", "0001-01-01T00:00:00Z")
      .field("updated_at", "0001-01-01T00:00:00Z")
      .field("deleted_at", nullptr)
      .end_object();
}

}  // namespace fairlead::control
