// What a stranger sends to /ingest/{mask}: proof, body, type and the values that tell repetitions.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/core/utf8.hpp"
#include "common/crypto/digest.hpp"
#include "common/domain/json_scan.hpp"
#include "data_plane/ingest/source_request.hpp"
#include "data_plane/ingest/source_value.hpp"
#include "data_plane/ingest/source_verify.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead::ingest {
namespace {

using fuzz::require;
using nlohmann::ordered_json;

const TimePoint kNow{std::chrono::seconds(1'700'000'000)};
constexpr std::array kKinds = {VerifierKind::none,       VerifierKind::hmac,
                               VerifierKind::basic_auth, VerifierKind::api_key,
                               VerifierKind::github,     VerifierKind::shopify,
                               VerifierKind::twitter,    VerifierKind::stripe,
                               VerifierKind::slack,      VerifierKind::standard_webhooks};
constexpr std::array kTypes = {"", "application/json", "application/x-www-form-urlencoded",
                               "multipart/form-data; boundary=b", "text/plain"};

SourceConfig make_source(std::uint8_t choice, std::uint8_t more, std::string_view path) {
  SourceConfig source{.mask = "AAAABBBBCCCCDDDD", .converts_forms = (more & 0x10) != 0};
  source.verifier = {.kind = kKinds[choice % kKinds.size()],
                     .name = "X-Proof",
                     .is_sha512 = (more & 0x20) != 0,
                     .is_base64 = (more & 0x40) != 0,
                     .secrets = {Secret("one secret"), Secret("another secret")}};
  source.forward_headers = {"X-Proof", "X-Other"};
  const auto text = "request.body." + std::string(path);
  if (auto selector = parse_selector(text, "x")) {
    source.idempotency_keys.push_back(*selector);
    if ((more & 0x80) != 0) source.event_type_location = *selector;
  }
  return source;
}

void check_reading(const SourceReading& reading, const net::HttpRequest& request, const SourceConfig& source) {
  if (!reading.challenge.empty()) return require(reading.challenge.size() <= 1024, "a challenge is bounded");
  const auto& content = *reading.request.content;
  const bool is_json = content.origin->content_type.empty();
  require(!is_json || validate_json(*content.body).has_value(), "what goes out as JSON is JSON");
  const bool is_same = *content.body == (request.body.empty() ? "{}" : request.body);
  require(is_same || source.converts_forms, "the bytes are unchanged");
  require(is_utf8(content.event_type) && !content.event_type.empty(), "a type is text");
  require(content.idempotency_key.empty() || content.idempotency_key.size() == 64, "a key is a digest");
  require(!fuzz::has_control_character(content.origin->content_type), "a content type stays on its line");
  for (const auto& [name, value] : ordered_json::parse(content.headers_json).items()) {
    require(fuzz::is_token(name) && value.is_string() && is_utf8(value.get<std::string>()), "a header is text");
  }
}

// The span found in JSON text means what another parser finds at that place.
void compare_value(std::string_view text, std::string_view path) {
  if (!validate_json(text) || !ordered_json::accept(text)) return;
  const auto found = find_json_value(text, path);
  auto value = ordered_json::parse(text);
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto dot = rest.find('.');
    const std::string name(rest.substr(0, dot));
    rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
    const bool is_index =
        !name.empty() && name.size() < 6 && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    if (value.is_array() && is_index && std::stoul(name) < value.size()) {
      value = ordered_json(value[std::stoul(name)]);
    } else if (value.is_object() && value.contains(name)) {
      value = ordered_json(value[name]);
    } else if (value.is_array() && !is_index) {
      return;  // a number written otherwise
    } else {
      return require(!found, "nothing is found where nothing is");
    }
  }
  require(found.has_value() && ordered_json::parse(*found) == value, "the value found is the one at that place");
}

void check_form(std::string_view body, std::string_view type) {
  const auto fields = parse_multipart(body, type);
  if (!fields) return require(!fields.error().message.empty(), "a refusal says why");
  require(fields->size() <= form_fields_max, "fields are counted");
  for (const auto& [name, value] : *fields) require(body.find(value) != std::string_view::npos, "values are unchanged");
}

// What a sender signs passes, and does not pass with another body.
void check_own_signature(net::HttpRequest request) {
  const SourceVerifier verifier{.kind = VerifierKind::stripe, .secrets = {Secret("old"), Secret("new")}};
  const std::string time = "1700000000";
  const auto mac = crypto::hmac(crypto::Hash::sha256, "new", time + "." + request.body);
  request.headers = {{"Stripe-Signature", "t=" + time + ",v1=00,v1=" + crypto::to_hex(mac)}};
  require(verify_source_request(verifier, request, kNow).has_value(), "a sender's signature is good");
  request.body += '!';
  require(!verify_source_request(verifier, request, kNow), "a signature is good for its body alone");
}

}  // namespace
}  // namespace fairlead::ingest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  fuzz::Input input(data, size);
  const auto choice = input.byte(), more = input.byte();
  const auto path = input.line(), proof = input.line(), other = input.line(), query = input.line();
  // The session lets no header through that has control characters.
  if (fuzz::has_control_character(proof) || fuzz::has_control_character(other)) return 0;
  const auto source = ingest::make_source(choice, more, path);
  net::HttpRequest request{
      .path = "/ingest/" + source.mask, .query = std::string(query), .body = std::string(input.rest())};
  const std::string type(more % 8 < ingest::kTypes.size() ? ingest::kTypes[more % 8] : other);
  if (!type.empty()) request.headers.emplace_back("Content-Type", type);
  for (const char* name :
       {"X-Proof", "Authorization", "X-Hub-Signature-256", "X-Shopify-Hmac-SHA256", "Stripe-Signature",
        "X-Twitter-Webhooks-Signature", "X-Slack-Signature", "webhook-signature", "traceparent"})
    request.headers.emplace_back(name, proof);
  for (const char* name : {"X-Other", "X-Slack-Request-Timestamp", "webhook-id", "webhook-timestamp", "Fairlead-Hops"})
    request.headers.emplace_back(name, other);
  const auto reading = ingest::read_source_request(source, request, ingest::kNow);
  if (reading) {
    fuzz::require(!is_body_signature(source.verifier.kind), "nobody signs without a secret");
    ingest::check_reading(*reading, request, source);
  } else {
    fuzz::require(reading.error().code == Code::invalid && !reading.error().message.empty(), "a refusal says why");
  }
  ingest::compare_value(request.body, path);
  ingest::check_form(request.body, "multipart/form-data; boundary=b");
  ingest::check_own_signature(std::move(request));
  return 0;
}
