#include "control_plane/services/source_input.hpp"

#include <algorithm>
#include <array>

#include "common/crypto/digest.hpp"
#include "control_plane/services/functions.hpp"
#include "control_plane/services/header_rules.hpp"
#include "control_plane/services/source_broker.hpp"
#include "control_plane/services/source_verifier.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kResponseBytesMax = 51200;
constexpr std::size_t kSelectorBytesMax = 255;
constexpr std::size_t kSelectorsMax = 20;
constexpr std::size_t kForwardHeadersMax = 50;
constexpr std::string_view kMaskAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::array kTypes = {"http", "rest_api", "pub_sub", "db_change_stream"};
// They prove somebody to us, or to a proxy of ours: endpoints never get them.
constexpr std::array kCredentials = {"authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token"};

Result<void> apply_type(store::Source& source, const JsonBody& body) {
  FL_TRY(const auto type, body.required_text("type", kNameBytesMax));
  if (std::ranges::find(kTypes, type) == kTypes.end())
    return bad_field("type", "invalid_type", "type: expected http, rest_api, pub_sub or db_change_stream");
  source.type = type;
  return {};
}

Result<void> apply_provider(store::Source& source, const JsonBody& body, bool is_new) {
  FL_TRY(const auto provider, body.text("provider", kNameBytesMax));
  if (provider.value.empty() || provider.value == source.provider) return {};
  if (!is_new) return bad_field("provider", "not_updatable", "provider: it cannot be changed, make another source");
  if (!provider_kind(provider.value)) {
    return bad_field("provider", "invalid_provider",
                     "provider: expected github, shopify, twitter, stripe, slack, standardwebhooks or svix");
  }
  if (source.type != "http")
    return bad_field("provider", "invalid_provider", "provider: only sources of the type http have one");
  source.provider = provider.value;
  return {};
}

Result<void> apply_response(store::Source& source, const JsonBody& body) {
  FL_TRY(const auto field, body.object("custom_response"));
  if (field.is_null) {
    source.response_body.clear();
    source.response_type.clear();
  }
  if (!field.has_value()) return {};
  FL_TRY(auto text, field.value.text("body", kResponseBytesMax));
  if (text.is_present) source.response_body = std::move(text.value);
  FL_TRY(auto type, field.value.text("content_type", kNameBytesMax));
  FL_TRY_VOID(check_header_value(type.value, field.value.path_of("content_type")));
  if (type.is_present) source.response_type = std::move(type.value);
  return {};
}

Result<void> apply_forward_headers(store::Source& source, const JsonBody& body) {
  FL_TRY(auto field, body.texts("forward_headers", kForwardHeadersMax));
  if (!field.is_present) return {};
  for (std::size_t index = 0; index < field.value.size(); ++index) {
    const auto& name = field.value[index];
    const auto path = "forward_headers." + std::to_string(index);
    FL_TRY_VOID(check_header_name(name, path));
    if (std::ranges::any_of(kCredentials, [&](auto each) { return equals_ignoring_case(name, each); }))
      return bad_field(path, "credential_header", path + ": a credential is not passed on to endpoints");
  }
  source.forward_headers = std::move(field.value);
  return {};
}

Result<void> apply_selectors(store::Source& source, const JsonBody& body) {
  FL_TRY(auto keys, body.texts("idempotency_keys", kSelectorsMax));
  for (std::size_t index = 0; index < keys.value.size(); ++index) {
    const auto path = "idempotency_keys." + std::to_string(index);
    if (keys.value[index].size() > kSelectorBytesMax) return bad_field(path, "too_long", path + " is too long");
    FL_TRY([[maybe_unused]] const auto selector, parse_selector(keys.value[index], path));
  }
  if (keys.is_present) source.idempotency_keys = std::move(keys.value);
  FL_TRY(auto location, body.text("event_type_location", kSelectorBytesMax));
  if (!location.value.empty()) {
    FL_TRY([[maybe_unused]] const auto selector, parse_selector(location.value, "event_type_location"));
  }
  if (location.is_present) source.event_type_location = std::move(location.value);
  return {};
}

Result<void> apply_function(std::optional<std::string>& target, const JsonBody& body, const char* name) {
  FL_TRY(auto field, body.text(name, function_bytes_max));
  if (!field.is_present) return {};
  target.reset();
  if (!field.value.empty()) target = std::move(field.value);
  return {};
}

// What one field says may be made wrong by another.
Result<void> check_together(const store::Source& source, const crypto::Sealer& sealer) {
  FL_TRY(const auto verifier, verifier_of(source, sealer));
  if (!source.event_type_location.empty() && is_body_signature(verifier.kind)) {
    FL_TRY(const auto selector, parse_selector(source.event_type_location, "event_type_location"));
    if (selector.place != RequestSelector::Place::body) {
      return bad_field("event_type_location", "unsigned_location",
                       "event_type_location: the signature covers the body alone, so the type must stand there");
    }
  }
  if (verifier.kind != VerifierKind::api_key) return {};
  for (const auto& name : source.forward_headers) {
    if (equals_ignoring_case(name, verifier.name))
      return bad_field("forward_headers", "credential_header", "forward_headers: the verifier's key is not passed on");
  }
  return {};
}

}  // namespace

std::string make_source_mask() { return crypto::random_text(source_mask_length, kMaskAlphabet); }

Result<void> apply_source_input(store::Source& source, const JsonBody& body, const crypto::Sealer& sealer,
                                bool is_new) {
  FL_TRY(source.name, body.required_text("name", kNameBytesMax));
  FL_TRY_VOID(apply_type(source, body));
  FL_TRY_VOID(apply_provider(source, body, is_new));
  FL_TRY_VOID(apply_source_verifier(source, body, sealer));
  FL_TRY_VOID(apply_source_broker(source, body, sealer));
  FL_TRY_VOID(apply_response(source, body));
  FL_TRY_VOID(apply_forward_headers(source, body));
  FL_TRY_VOID(apply_selectors(source, body));
  FL_TRY_VOID(apply_function(source.body_function, body, "body_function"));
  FL_TRY_VOID(apply_function(source.header_function, body, "header_function"));
  for (const auto& [name, target] :
       {std::pair{"is_disabled", &source.is_disabled}, std::pair{"convert_forms", &source.converts_forms}}) {
    FL_TRY(const auto flag, body.boolean(name));
    if (flag.is_present) *target = flag.value;
  }
  return check_together(source, sealer);
}

}  // namespace fairlead::control
