#include "control_plane/resources/payload_json.hpp"

#include <nlohmann/json.hpp>

#include "common/domain/json_scan.hpp"
#include "control_plane/services/owner_scope.hpp"

namespace fairlead::control {

ContentView content_view(const Caller& caller) {
  return {.shows_payloads = caller.may_see_payloads(), .is_customer = caller.portal != nullptr};
}

void write_payload(JsonWriter& json, std::string_view body, bool has_raw, const ContentView& view) {
  if (!view.shows_payloads) {
    json.field("data", nullptr);
    return;
  }
  const bool is_json = validate_json(body).has_value();
  json.raw_field("data", is_json ? body : "null");
  if (has_raw || !is_json) json.field("raw", body);
}

void write_custom_headers(JsonWriter& json, const std::string& headers_json, const ContentView& view) {
  json.key("headers").begin_object();
  const auto headers =
      headers_json.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json::parse(headers_json, nullptr, false);
  if (headers.is_object()) {
    for (const auto& [name, value] : headers.items()) {
      json.key(name).begin_array();
      if (view.is_customer && !is_open_header(name)) {
        json.value("***").end_array();
        continue;
      }
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

}  // namespace fairlead::control
