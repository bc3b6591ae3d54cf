#include "data_plane/deliver/outgoing.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/crypto/signature.hpp"
#include "common/ops/version.hpp"
#include "data_plane/deliver/form.hpp"

namespace fairlead::deliver {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool has_header(const net::HeaderList& headers, std::string_view name) {
  return std::ranges::any_of(headers, [&](const auto& header) { return same_name(header.first, name); });
}

bool is_credential(std::string_view name, const EndpointConfig& endpoint) {
  if (endpoint.authentication && same_name(name, endpoint.authentication->name)) return true;
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"authorization", "cookie", "x-api-key", "x-auth-token"},
      [&](auto credential) { return same_name(name, credential); });
}

std::vector<std::string> live_secrets(const EndpointConfig& endpoint, TimePoint now) {
  std::vector<std::string> secrets;
  for (const auto& secret : endpoint.secrets) {
    if (!secret.expires_at || *secret.expires_at > now) secrets.push_back(secret.value.reveal());
  }
  return secrets;
}

std::vector<crypto::SignatureVersion> versions_of(const ProjectSettings& settings) {
  std::vector<crypto::SignatureVersion> versions;
  versions.reserve(settings.signatures.size());
  for (const auto& each : settings.signatures) {
    versions.push_back({each.is_sha512 ? crypto::Hash::sha512 : crypto::Hash::sha256,
                        each.is_base64 ? crypto::Encoding::base64 : crypto::Encoding::hex});
  }
  return versions;
}

void add_signatures(net::HeaderList& headers, const OutgoingInput& input, const std::string& body,
                    const ProjectSettings& settings, const EndpointConfig& endpoint) {
  const auto secrets = live_secrets(endpoint, input.now);
  const auto unix_seconds = std::chrono::duration_cast<std::chrono::seconds>(input.now.time_since_epoch()).count();
  const auto versions = versions_of(settings);
  headers.emplace_back(settings.signature_header, endpoint.has_advanced_signatures
                                                      ? crypto::sign_advanced(versions, secrets, unix_seconds, body)
                                                      : crypto::sign_simple(versions, secrets, body));
  const std::string id = to_text(input.delivery);
  headers.emplace_back("webhook-id", id);
  headers.emplace_back("webhook-timestamp", std::to_string(unix_seconds));
  headers.emplace_back("webhook-signature", crypto::sign_standard(secrets, id, unix_seconds, body));
}

// What a source's sender wrote behind its "?" goes behind ours. Characters that have no place in a target are escaped.
void append_query(std::string& target, std::string_view query) {
  constexpr char kHex[] = "0123456789ABCDEF";
  if (query.empty()) return;
  target += target.find('?') == std::string::npos ? '?' : '&';
  for (const char c : query) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && std::string_view("\"<>#\\^`{|}").find(c) == std::string_view::npos) {
      target += c;
    } else {
      target += '%';
      target += kHex[byte >> 4];
      target += kHex[byte & 15];
    }
  }
}

}  // namespace

std::string url_as_sent(const EventContent& content, const EndpointConfig& endpoint) {
  std::string url = endpoint.url;
  if (content.origin) append_query(url, content.origin->url_query);
  return url;
}

Result<net::ClientRequest> make_request(const OutgoingInput& input, const EventContent& content,
                                        const ProjectSettings& settings, const EndpointConfig& endpoint) {
  net::ClientRequest request;
  FL_TRY(request.url, net::parse_url(endpoint.url));
  request.body = content.body;
  const bool is_opaque = content.origin && !content.origin->content_type.empty();
  const bool is_form = endpoint.is_form && !is_opaque;
  if (content.origin) append_query(request.url.target, content.origin->url_query);
  if (is_form) {
    FL_TRY(auto form, to_form(*content.body));
    request.body = std::make_shared<const std::string>(std::move(form));
  }
  request.timeout = endpoint.timeout;
  request.certificate = endpoint.certificate;
  auto& headers = request.headers;
  headers.reserve(16);
  add_signatures(headers, input, *request.body, settings, endpoint);
  headers.emplace_back("Content-Type", is_opaque ? content.origin->content_type
                                       : is_form ? "application/x-www-form-urlencoded"
                                                 : "application/json");
  headers.emplace_back("Accept-Encoding", "gzip");
  if (!input.authorization.empty())
    headers.emplace_back("Authorization", input.authorization);
  else if (endpoint.authentication)
    headers.emplace_back(endpoint.authentication->name, endpoint.authentication->value.reveal());
  if (settings.has_event_id_headers) {
    headers.emplace_back("X-Convoy-Event-ID", to_text(input.event));
    headers.emplace_back("X-Convoy-EventDelivery-ID", to_text(input.delivery));
  }
  if (!content.idempotency_key.empty()) headers.emplace_back(settings.request_id_header, content.idempotency_key);
  if (!content.headers_json.empty()) {
    const auto custom = nlohmann::ordered_json::parse(content.headers_json);
    for (const auto& [name, value] : custom.items()) {
      if (!has_header(headers, name)) headers.emplace_back(name, value.get<std::string>());
    }
  }
  if (!has_header(headers, hops_header)) headers.emplace_back(hops_header, "1");
  if (!content.trace_parent.empty() && !has_header(headers, "traceparent"))
    headers.emplace_back("traceparent", content.trace_parent);
  if (!has_header(headers, "User-Agent")) headers.emplace_back("User-Agent", std::string("Fairlead/") + kVersion);
  return request;
}

std::shared_ptr<store::AttemptRecord> make_attempt(std::string url, const EndpointConfig& endpoint,
                                                   net::ClientResponse response, TimePoint requested_at,
                                                   TimePoint responded_at) {
  auto made = std::make_shared<store::AttemptRecord>();
  auto& record = *made;
  record.url = std::move(url);
  record.address = std::move(response.address);
  record.requested_at = requested_at;
  if (response.status != 0) {
    record.responded_at = responded_at;
    record.status = response.status;
    record.reason_phrase = std::move(response.reason);
    record.response_headers = std::move(response.headers);
    record.response_body = std::move(response.body);
  }
  record.failure = std::string(net::to_text(response.failure));
  record.error = std::move(response.error);
  record.request_headers = std::move(response.request_headers);
  for (auto& [name, value] : record.request_headers) {
    if (is_credential(name, endpoint)) value = "***";
  }
  const auto& phases = response.phases;
  const std::int64_t micros[] = {phases.dns, phases.connect, phases.tls, phases.first_byte, phases.total};
  std::ranges::copy(micros, record.phases_us);
  return made;
}

}  // namespace fairlead::deliver
