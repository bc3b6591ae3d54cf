#include "control_plane/resources/attempt_json.hpp"

#include <boost/asio/ip/address.hpp>
#include <nlohmann/json.hpp>

#include "common/ops/version.hpp"
#include "control_plane/services/header_rules.hpp"

namespace fairlead::control {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

// One value a name: repeated headers are joined as RFC 9110 §5.3 allows.
Headers headers_from(const std::string& list_json) {
  Headers headers;
  const auto list = nlohmann::json::parse(list_json, nullptr, false);
  if (!list.is_array()) return headers;
  for (const auto& pair : list) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) continue;
    const auto name = pair[0].get<std::string>();
    const auto known =
        std::ranges::find_if(headers, [&](const auto& header) { return equals_ignoring_case(header.first, name); });
    if (known == headers.end())
      headers.emplace_back(name, pair[1].get<std::string>());
    else
      known->second += ", " + pair[1].get<std::string>();
  }
  return headers;
}

void write_headers(JsonWriter& json, const char* field, const std::string& list_json) {
  if (list_json.empty()) return;
  json.key(field).begin_object();
  for (const auto& [name, value] : headers_from(list_json)) json.field(name, value);
  json.end_object();
}

// "203.0.113.9:443" and "[2001:db8::1]:443" without the port.
std::string host_of(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return address;
  auto host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return error ? address : host;
}

}  // namespace

void write_attempt(JsonWriter& json, const store::StoredAttempt& attempt, const ProjectId& project) {
  json.begin_object()
      .field("uid", store::attempt_id(attempt.delivery, attempt.n))
      .field("url", attempt.url)
      .field("method", "POST");
  json.field("endpoint_id", attempt.endpoint)
      .field("api_version", std::string("v") + kVersion)
      .field("project_id", project);
  json.field("msg_id", attempt.delivery)
      .field("attempt", attempt.n)
      .text_or_absent("ip_address", host_of(attempt.address));
  write_headers(json, "request_http_header", attempt.request_headers);
  write_headers(json, "response_http_header", attempt.response_headers);
  if (attempt.status != 0) {
    std::string line = std::to_string(attempt.status);
    if (!attempt.reason_phrase.empty()) line += " " + attempt.reason_phrase;
    json.field("http_status", line);
  }
  json.text_or_absent("response_data", attempt.response_body).text_or_absent("error", attempt.error);
  json.text_or_absent("failure", attempt.failure == "none" ? "" : attempt.failure)
      .field("status", attempt.failure == "none");
  json.field("requested_at", attempt.requested_at).field("responded_at", attempt.responded_at);
  json.field("created_at", attempt.requested_at)
      .field("updated_at", attempt.responded_at.value_or(attempt.requested_at));
  json.field("deleted_at", nullptr).end_object();
}

}  // namespace fairlead::control
