// Payloads and headers as events and deliveries show them.
#pragma once

#include <string>
#include <string_view>

#include "control_plane/http/json_writer.hpp"

namespace fairlead::control {

// Bytes of payload that one page of a list may carry.
inline constexpr std::int64_t page_bytes_max = 8 * 1024 * 1024;

// "data": the payload exactly as it was received if it is JSON, else null; "raw": the same as text, if asked for or no
// JSON.
void write_payload(JsonWriter& json, std::string_view body, bool has_raw);
// "headers": an object of arrays, from an object of strings (empty text: no headers).
void write_custom_headers(JsonWriter& json, const std::string& headers_json);
// What shows a source where there is none: clients expect the object.
void write_no_source(JsonWriter& json, const char* name);

}  // namespace fairlead::control
