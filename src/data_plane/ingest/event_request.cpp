#include "data_plane/ingest/event_request.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "common/core/header_text.hpp"
#include "common/crypto/digest.hpp"
#include "common/domain/event_type.hpp"
#include "common/domain/json_scan.hpp"
#include "data_plane/ingest/dynamic_request.hpp"
#include "data_plane/ingest/request_members.hpp"

namespace fairlead::ingest {
namespace {

// Framing and hop-by-hop headers are ours alone.
bool is_reserved(std::string_view name) {
  static constexpr std::string_view kReserved[] = {"host",
                                                   "content-length",
                                                   "transfer-encoding",
                                                   "connection",
                                                   "keep-alive",
                                                   "te",
                                                   "trailer",
                                                   "upgrade",
                                                   "expect",
                                                   "proxy-authorization",
                                                   "proxy-authenticate",
                                                   "proxy-connection",
                                                   "fairlead-hops"};
  return std::ranges::any_of(kReserved, [&](auto reserved) { return equals_ignoring_case(name, reserved); });
}

Result<void> check_header(const std::string& name, const std::string& value, const std::string& field) {
  if (!is_token(name)) return bad_field(field, "invalid_header", "\"" + name + "\" is no header name");
  if (is_reserved(name))
    return bad_field(field, "reserved_header", "the header " + name + " cannot be set by an event");
  if (!is_header_value(value))
    return bad_field(field, "invalid_header", "the value of " + name + " has a control character");
  return {};
}

// The custom headers as a JSON object in the order sent.
Result<nlohmann::ordered_json> read_custom_headers(const std::vector<JsonMember>& members) {
  nlohmann::ordered_json headers = nlohmann::ordered_json::object();
  if (const auto* member = find_member(members, "custom_headers")) {
    if (member->value.front() != '{')
      return bad_field("custom_headers", "wrong_type", "custom_headers must be an object of strings");
    FL_TRY(const auto entries, scan_object(member->value));
    if (entries.size() > custom_headers_max) {
      return bad_field("custom_headers", "too_many",
                       "at most " + std::to_string(custom_headers_max) + " custom headers");
    }
    std::size_t bytes = 0;
    for (const auto& entry : entries) {
      const std::string field = "custom_headers." + entry.key;
      const auto value = json_string(entry.value);
      if (!value) return bad_field(field, "wrong_type", "a custom header's value must be a string");
      FL_TRY_VOID(check_header(entry.key, *value, field));
      bytes += entry.key.size() + value->size();
      headers[entry.key] = *value;
    }
    if (bytes > custom_header_bytes_max) {
      return bad_field("custom_headers", "too_long",
                       "custom headers may have at most " + std::to_string(custom_header_bytes_max) + " bytes in all");
    }
  }
  return headers;
}

Result<match::Target> read_target(EventKind kind, const std::vector<JsonMember>& members) {
  match::Target target;
  if (kind == EventKind::fanout) {
    FL_TRY(target.owner_id, read_text(members, "owner_id", true, 255));
  } else if (kind == EventKind::endpoint) {
    const char* name = find_member(members, "endpoint_id") == nullptr && find_member(members, "app_id") != nullptr
                           ? "app_id"
                           : "endpoint_id";
    FL_TRY(const std::string text, read_text(members, name, true, 255));
    target.endpoint = parse_id<EndpointTag>(text);
    // Any text may be asked for; one that is no id of ours names no endpoint.
    if (!target.endpoint) return fail(Error{Code::not_found, "there is no endpoint " + text, "", name});
  }
  return target;
}

// `address`: the owner or the URL of what is not addressed to an endpoint.
KeyHash hash_content(EventKind kind, const match::Target& target, std::string_view address, const EventContent& content,
                     std::string_view custom_headers) {
  std::string input;
  const auto add = [&](std::string_view part) {
    input += std::to_string(part.size()) + ':';
    input += part;
  };
  add(std::to_string(static_cast<int>(kind)));
  add(target.endpoint ? to_text(*target.endpoint) : address);
  add(content.event_type);
  add(*content.body);
  add(custom_headers);
  return crypto::sha256(input);
}

}  // namespace

Result<int> read_hops(std::string_view text) {
  int hops = 0;
  if (text.empty()) return hops;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hops);
  if (error != std::errc{} || end != text.data() + text.size() || hops < 0) hops = hops_max + 1;
  if (hops > hops_max) {
    return bad_field(std::string(hops_header), "loop_detected",
                     "this event has come through Fairlead " + std::string(text) + " times: an endpoint sends it back");
  }
  return hops;
}

Result<EventRequest> parse_event_request(EventKind kind, std::string_view body, const RequestHeaders& headers) {
  if (body.empty()) return bad_field("", "invalid_json", "a JSON object is expected, the body is empty");
  FL_TRY(const auto members, scan_object(body));
  return read_event_request(kind, members, headers);
}

Result<EventRequest> read_event_request(EventKind kind, const std::vector<JsonMember>& members,
                                        const RequestHeaders& headers) {
  EventRequest request;
  auto content = std::make_shared<EventContent>();
  FL_TRY(content->event_type, read_text(members, "event_type", true, event_type_bytes_max));
  FL_TRY_VOID(check_event_type(content->event_type, "event_type"));
  FL_TRY(request.target, read_target(kind, members));
  if (kind == EventKind::dynamic) {
    FL_TRY(request.dynamic, read_dynamic_target(members));
  }
  const auto* data = find_member(members, "data", true);
  if (data == nullptr)
    return bad_field("data", "required", "data is required; it may be any JSON value, null included");
  content->body = std::make_shared<const std::string>(data->value);
  FL_TRY(content->idempotency_key, read_text(members, "idempotency_key", false, idempotency_key_bytes_max));
  if (!headers.idempotency_key.empty()) {
    if (headers.idempotency_key.size() > idempotency_key_bytes_max) {
      return bad_field("Idempotency-Key", "too_long",
                       "the key may have at most " + std::to_string(idempotency_key_bytes_max) + " bytes");
    }
    if (!content->idempotency_key.empty() && content->idempotency_key != headers.idempotency_key) {
      return bad_field("idempotency_key", "conflicting_keys", "idempotency_key and the Idempotency-Key header differ");
    }
    content->idempotency_key = std::string(headers.idempotency_key);
  }
  FL_TRY_VOID(check_header("X-Key", content->idempotency_key, "idempotency_key"));
  FL_TRY(const int hops, read_hops(headers.hops));
  FL_TRY(auto custom_headers, read_custom_headers(members));
  if (!custom_headers.empty()) content->headers_json = custom_headers.dump();
  if (!content->idempotency_key.empty()) {
    const auto& address = request.dynamic ? request.dynamic->url : request.target.owner_id;
    request.content_hash = hash_content(kind, request.target, address, *content, content->headers_json);
  }
  if (hops > 0) {
    custom_headers[std::string(hops_header)] = std::to_string(hops + 1);
    content->headers_json = custom_headers.dump();
  }
  if (headers.trace_parent.size() <= 128) content->trace_parent = std::string(headers.trace_parent);
  request.content = std::move(content);
  return request;
}

}  // namespace fairlead::ingest
