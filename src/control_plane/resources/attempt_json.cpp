#include "control_plane/resources/attempt_json.hpp"

#include "common/domain/peer_address.hpp"
#include "common/ops/version.hpp"
#include "control_plane/services/header_rules.hpp"
#include "control_plane/services/owner_scope.hpp"

namespace fairlead::control {
namespace {

// One value a name: repeated headers are joined as RFC 9110 §5.3 allows.
void write_headers(JsonWriter& json, const char* field, const store::HeaderList& list, const ContentView& view) {
  if (list.empty()) return;
  store::HeaderList headers;
  for (const auto& [name, value] : list) {
    const auto known =
        std::ranges::find_if(headers, [&](const auto& header) { return equals_ignoring_case(header.first, name); });
    if (known == headers.end())
      headers.emplace_back(name, value);
    else
      known->second += ", " + value;
  }
  json.key(field).begin_object();
  for (const auto& [name, value] : headers) json.field(name, view.is_customer && !is_open_header(name) ? "***" : value);
  json.end_object();
}

}  // namespace

void write_attempt(JsonWriter& json, const store::StoredAttempt& attempt, const ProjectId& project,
                   const ContentView& view) {
  const auto& record = attempt.record;
  json.begin_object()
      .field("uid", store::attempt_id(attempt.delivery, attempt.n))
      .field("url", record.url)
      .field("method", "POST");
  json.field("endpoint_id", attempt.endpoint)
      .field("api_version", std::string("v") + kVersion)
      .field("project_id", project);
  json.field("msg_id", attempt.delivery)
      .field("attempt", attempt.n)
      .text_or_absent("ip_address", host_of_peer(record.address));
  write_headers(json, "request_http_header", record.request_headers, view);
  write_headers(json, "response_http_header", record.response_headers, view);
  if (record.status != 0) {
    std::string line = std::to_string(record.status);
    if (!record.reason_phrase.empty()) line += " " + record.reason_phrase;
    json.field("http_status", line);
  }
  json.text_or_absent("response_data", view.shows_payloads ? record.response_body : "");
  json.text_or_absent("error", record.error);
  json.text_or_absent("failure", record.failure == "none" ? "" : record.failure)
      .field("status", record.failure == "none");
  json.field("requested_at", record.requested_at).field("responded_at", record.responded_at);
  json.field("created_at", record.requested_at).field("updated_at", record.responded_at.value_or(record.requested_at));
  json.field("deleted_at", nullptr).end_object();
}

}  // namespace fairlead::control
