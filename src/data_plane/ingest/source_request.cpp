#include "data_plane/ingest/source_request.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/core/utf8.hpp"
#include "common/crypto/digest.hpp"
#include "common/domain/event_type.hpp"
#include "common/domain/json_scan.hpp"
#include "data_plane/ingest/accept.hpp"
#include "data_plane/ingest/request_members.hpp"
#include "data_plane/ingest/source_value.hpp"
#include "data_plane/ingest/source_verify.hpp"

namespace fairlead::ingest {
namespace {

constexpr std::size_t kContentTypeBytesMax = 255;
constexpr std::size_t kTraceBytesMax = 128;
constexpr const char* kSourceHeader = "X-Convoy-Source-Id";
constexpr const char* kUnknownType = "application/octet-stream";

struct Payload {
  std::string body;
  std::string content_type;  // empty: JSON
};

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_json_type(std::string_view media) {
  return media == "application/json" || media == "text/json" ||
         (media.starts_with("application/") && media.ends_with("+json"));
}

// The first value of each name; those of the body win over the query's.
Result<Payload> convert_form(const net::HttpRequest& request) {
  const auto form = read_form(request);
  if (!*form) return std::unexpected(form->error());
  FL_TRY(const auto query, parse_urlencoded(request.query));
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto* fields : {&**form, &query}) {
    for (const auto& [name, value] : *fields) {
      if (!is_utf8(name) || !is_utf8(value) || (name + value).find('\0') != std::string::npos)
        return bad_field("", "invalid_form", "the form's fields are no UTF-8 text: it cannot become JSON");
      if (!object.contains(name)) object[name] = value;
    }
  }
  return Payload{object.dump(), ""};
}

Result<Payload> read_payload(const SourceConfig& source, const net::HttpRequest& request) {
  if (request.body.empty()) return Payload{"{}", ""};
  const std::string type(request.header("Content-Type").value_or(""));
  const auto media = media_type_of(type);
  if (is_form_type(media) && source.converts_forms) return convert_form(request);
  const bool is_plain = std::ranges::all_of(type, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!is_plain || type.size() > kContentTypeBytesMax)
    return bad_field("Content-Type", "invalid_content_type", "Content-Type: expected at most 255 ASCII characters");
  const bool is_json = media.empty() || is_json_type(media);
  const auto valid = is_json ? validate_json(request.body) : Result<void>{};
  if (media.empty()) return Payload{request.body, valid ? "" : kUnknownType};
  if (!valid) return std::unexpected(valid.error());
  return Payload{request.body, media == "application/json" ? "" : type};
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kBlank) - begin + 1));
}

Result<std::string> read_event_type(const SourceConfig& source, SourceValues& values) {
  if (!source.event_type_location) return source.mask;
  FL_TRY(const auto value, values.find(*source.event_type_location));
  const auto type = trimmed(value.value_or(""));
  const bool is_scalar = !type.starts_with('{') && !type.starts_with('[');
  if (type.empty() || !is_scalar) {
    return bad_field(source.event_type_location->path, "event_type_missing",
                     "the event's type is expected at " + source.event_type_location->path);
  }
  FL_TRY_VOID(check_event_type(type, source.event_type_location->path));
  return type;
}

// Of every value with its length, so that no two lists read alike; empty if the source names none, or none is there:
// such events are not repetitions of each other.
Result<std::string> read_idempotency_key(const SourceConfig& source, SourceValues& values) {
  std::string input = to_text(source.id);
  bool has_value = false;
  for (const auto& selector : source.idempotency_keys) {
    FL_TRY(const auto value, values.find(selector));
    if (!value && selector.place == RequestSelector::Place::query) {
      return bad_field(selector.path, "idempotency_value_missing",
                       "the query parameter " + selector.path + " is expected: it tells repeated events");
    }
    has_value = has_value || (value && !value->empty());
    input += ',' + std::to_string(value.value_or("").size()) + ':' + value.value_or("");
  }
  if (!has_value) return std::string();
  const auto digest = crypto::sha256(input);
  return crypto::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// Only what the source lists, and which source it was; the values of one name are joined (RFC 9110 §5.3).
Result<std::string> forwarded_headers(const SourceConfig& source, const net::HttpRequest& request) {
  nlohmann::ordered_json kept = nlohmann::ordered_json::object();
  for (const auto& wanted : source.forward_headers) {
    std::string value;
    bool is_there = false;
    for (const auto& [name, each] : request.headers) {
      if (!std::ranges::equal(name, wanted, {}, to_lower, to_lower)) continue;
      value += (is_there ? ", " : "") + each;
      is_there = true;
    }
    if (is_there && is_utf8(value)) kept[wanted] = value;
  }
  kept[kSourceHeader] = source.mask;
  FL_TRY(const int hops, read_hops(request.header(hops_header).value_or("")));
  if (hops > 0) kept[std::string(hops_header)] = std::to_string(hops + 1);
  return kept.dump();
}

KeyHash hash_content(const SourceConfig& source, const EventContent& content) {
  return crypto::sha256(to_text(source.id) + ',' + std::to_string(content.event_type.size()) + ':' +
                        content.event_type + *content.body);
}

// Slack asks a new address to repeat a word before it sends events there.
std::string slack_challenge(const SourceConfig& source, std::string_view body) {
  if (source.verifier.kind != VerifierKind::slack) return {};
  const auto members = scan_object(body);
  if (!members) return {};
  const auto type = read_text(*members, "type", false, 64), word = read_text(*members, "challenge", false, 1024);
  return type && word && *type == "url_verification" ? *word : std::string();
}

}  // namespace

Result<SourceReading> read_source_request(const SourceConfig& source, const net::HttpRequest& request, TimePoint now) {
  FL_TRY_VOID(verify_source_request(source.verifier, request, now));
  SourceReading reading;
  reading.challenge = slack_challenge(source, request.body);
  if (!reading.challenge.empty()) return reading;
  FL_TRY(auto payload, read_payload(source, request));
  SourceValues values(request);
  auto content = std::make_shared<EventContent>();
  FL_TRY(content->event_type, read_event_type(source, values));
  FL_TRY(content->idempotency_key, read_idempotency_key(source, values));
  FL_TRY(content->headers_json, forwarded_headers(source, request));
  content->body = std::make_shared<const std::string>(std::move(payload.body));
  const auto trace = request.header("traceparent").value_or("");
  if (trace.size() <= kTraceBytesMax && is_utf8(trace)) content->trace_parent = std::string(trace);
  content->origin =
      std::make_shared<const EventOrigin>(EventOrigin{.source = source.id,
                                                      .url_query = is_utf8(request.query) ? request.query : "",
                                                      .url_path = request.path,
                                                      .content_type = std::move(payload.content_type)});
  reading.request.target.source = source.id;
  if (!content->idempotency_key.empty()) reading.request.content_hash = hash_content(source, *content);
  reading.request.content = std::move(content);
  return reading;
}

Result<match::SourcePtr> find_open_source(const std::string& mask, const match::Snapshot& snapshot) {
  auto source = snapshot.find_source(mask);
  if (!source || !snapshot.find_project(source->project))
    return fail(Code::not_found, "there is no source at this address");
  if (source->is_disabled)
    return fail(Error{Code::forbidden, "this source is disabled and takes no requests", "source_disabled"});
  if (!source->is_http)
    return fail(Error{Code::invalid, "this source takes no requests: its type is not http", "source_not_http"});
  return source;
}

Result<void> judge_source(Submission& submission, const match::Snapshot& snapshot, TimePoint now) {
  auto& arrival = *submission.source;
  FL_TRY(auto source, find_open_source(arrival.mask, snapshot));
  auto view = snapshot.find_project(source->project);
  const auto bytes_max = std::min(arrival.payload_bytes_max, view->settings.payload_bytes_max);
  if (arrival.http->body.size() > bytes_max) return fail(payload_too_large(bytes_max));
  if (arrival.judged_by != source) {
    FL_TRY(auto reading, read_source_request(*source, *arrival.http, now));
    submission.request = std::move(reading.request);
    arrival.challenge = std::move(reading.challenge);
    arrival.judged_by = source;
  }
  submission.project = source->project;
  submission.matches.clear();
  submission.is_pending = false;
  if (!arrival.challenge.empty()) return {};
  find_submission_matches(submission, *view);
  submission.view = std::move(view);
  return {};
}

}  // namespace fairlead::ingest
