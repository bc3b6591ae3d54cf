// Payloads and headers as events and deliveries show them.
#pragma once

#include <string>
#include <string_view>

#include "control_plane/http/json_writer.hpp"
#include "control_plane/http/request.hpp"

namespace fairlead::control {

// Bytes of payload that one page of a list may carry.
inline constexpr std::int64_t page_bytes_max = 8 * 1024 * 1024;

// What of payloads and headers a caller sees.
struct ContentView {
  bool shows_payloads = true;
  // A portal's: header values become "***", but for those that customers may see (services/owner_scope.hpp), and the
  // source of an event, whose address is a secret of the project, does not show.
  bool is_customer = false;
};
[[nodiscard]] ContentView content_view(const Caller& caller);

// "data": the payload exactly as it was received if it is JSON, else null; "raw": the same as text, if asked for or no
// JSON.
void write_payload(JsonWriter& json, std::string_view body, bool has_raw, const ContentView& view);
// "headers": an object of arrays, from an object of strings (empty text: no headers).
void write_custom_headers(JsonWriter& json, const std::string& headers_json, const ContentView& view);

}  // namespace fairlead::control
