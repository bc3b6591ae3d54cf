// The whole body of an event creation, with the headers that count; and the key it comes with.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/core/utf8.hpp"
#include "common/domain/json_scan.hpp"
#include "data_plane/ingest/accept.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead::ingest {
namespace {

using fuzz::require;
using nlohmann::ordered_json;

bool is_named_data(std::string_view key) {
  return std::ranges::equal(key, std::string_view("data"), [](char a, char b) { return (a | 0x20) == b; });
}

// The payload's span means what another parser finds there, if there is only one candidate.
void compare_data(std::string_view text, const std::string& data) {
  if (!ordered_json::accept(text)) return;  // a number out of range
  const auto document = ordered_json::parse(text);
  const auto count =
      std::ranges::count_if(document.items(), [](const auto& item) { return is_named_data(item.key()); });
  for (const auto& [key, value] : document.items()) {
    if (count == 1 && is_named_data(key)) require(value == ordered_json::parse(data), "the payload is the data member");
  }
}

void check_content(const EventContent& content, std::string_view text) {
  require(validate_json(*content.body).has_value(), "a payload is JSON");
  require(text.find(*content.body) != std::string_view::npos, "a payload's bytes are unchanged");
  compare_data(text, *content.body);
  require(!content.event_type.empty() && is_utf8(content.event_type), "a type is text");
  require(content.idempotency_key.size() <= idempotency_key_bytes_max, "a key is bounded");
  require(!fuzz::has_control_character(content.idempotency_key), "a key can be sent as a header");
  if (content.headers_json.empty()) return;
  const auto headers = ordered_json::parse(content.headers_json);
  require(headers.size() <= custom_headers_max + 1, "headers are counted");
  for (const auto& [name, value] : headers.items()) {
    require(fuzz::is_token(name) && value.is_string(), "a header has a name and a text");
    require(!fuzz::has_control_character(value.get<std::string>()), "a header's value stays on its line");
  }
}

}  // namespace
}  // namespace fairlead::ingest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  fuzz::Input input(data, size);
  const auto choice = input.byte();
  ingest::RequestHeaders headers;
  if (choice & 0x80) {
    headers = {.idempotency_key = input.line(), .trace_parent = input.line(), .hops = input.line()};
    const auto authorization = input.line();
    if (ingest::read_authorization(authorization)) {
      fuzz::require(authorization.find(" CO.") != std::string_view::npos, "a key is one of ours");
    }
    // The session lets no header through that has control characters.
    if (fuzz::has_control_character(headers.idempotency_key)) return 0;
  }
  const auto kind = static_cast<ingest::EventKind>(choice % 3);
  const auto request = ingest::parse_event_request(kind, input.rest(), headers);
  if (request) {
    ingest::check_content(*request->content, input.rest());
    const auto again = ingest::parse_event_request(kind, input.rest(), headers);
    fuzz::require(again && again->content_hash == request->content_hash, "the same request, the same hash");
  } else {
    fuzz::require(!request.error().message.empty(), "a refusal says why");
    fuzz::require(request.error().code == Code::invalid || request.error().code == Code::not_found, "a closed code");
  }
  return 0;
}
