#include "control_plane/services/endpoint_input.hpp"

#include "common/crypto/digest.hpp"
#include "common/crypto/signing_secret.hpp"
#include "control_plane/services/endpoint_authentication.hpp"
#include "control_plane/services/endpoint_certificate.hpp"
#include "control_plane/services/header_rules.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kShortBytesMax = 255;
constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kDescriptionBytesMax = 4096;
constexpr std::size_t kSecretBytesMax = 256;

enum class WhenEmpty { keep, replace };

Result<void> apply_text(std::string& target, const JsonBody& body, const char* name, std::size_t bytes_max,
                        WhenEmpty when_empty) {
  FL_TRY(auto field, body.text(name, bytes_max));
  if (!field.is_present) return {};
  if (field.is_null)
    target.clear();
  else if (!field.value.empty() || when_empty == WhenEmpty::replace)
    target = std::move(field.value);
  return {};
}

Result<void> apply_url(store::Endpoint& endpoint, const JsonBody& body, const EndpointRules& rules) {
  FL_TRY(const auto url, body.required_text("url", kUrlBytesMax));
  const auto parsed = rules.guard.check_url(url);
  if (!parsed) return bad_field("url", parsed.error().reason, "url: " + parsed.error().message);
  if (!parsed->tls && rules.config.enforces_https())
    return bad_field("url", "https_required", "url: this project accepts https only");
  endpoint.url = url;
  return {};
}

// URLs that notifications go to hold secrets: an answer never repeats them.
Result<void> apply_notification_url(std::string& target, const JsonBody& body, const char* name,
                                    const net::AddressGuard& guard) {
  FL_TRY(auto field, body.text(name, kUrlBytesMax));
  if (!field.is_present) return {};
  if (!field.value.empty()) {
    if (const auto parsed = guard.check_url(field.value); !parsed) {
      return bad_field(name, parsed.error().reason,
                       std::string(name) + ": expected an http or https URL of a public host");
    }
  }
  target = std::move(field.value);
  return {};
}

Result<void> apply_email(store::Endpoint& endpoint, const JsonBody& body) {
  FL_TRY(auto field, body.text("support_email", kShortBytesMax));
  if (!field.is_present) return {};
  if (!field.value.empty()) {
    const auto at = field.value.find('@');
    const bool is_address = at != std::string::npos && at > 0 && at + 1 < field.value.size() &&
                            field.value.rfind('@') == at &&
                            field.value.find_first_of(" \t\r\n<>,;") == std::string::npos;
    if (!is_address) return bad_field("support_email", "invalid_email", "support_email: expected an e-mail address");
  }
  endpoint.support_email = std::move(field.value);
  return {};
}

Result<void> apply_numbers(store::Endpoint& endpoint, const JsonBody& body, const EndpointRules& rules) {
  const bool has_text = rules.version.has_text_durations;
  FL_TRY(const auto timeout, body.seconds("http_timeout", {0, 60}, has_text));
  if (timeout.is_null || timeout.value > 0) endpoint.http_timeout = static_cast<int>(timeout.value);
  FL_TRY(const auto limit, body.integer("rate_limit", {0, 1'000'000}));
  if (limit.is_present) endpoint.rate_limit = static_cast<int>(limit.value);
  FL_TRY(const auto window, body.seconds("rate_limit_duration", {0, 86400}, has_text));
  if (window.is_present) endpoint.rate_limit_duration = static_cast<int>(window.value);
  return {};
}

Result<void> apply_content_type(store::Endpoint& endpoint, const JsonBody& body) {
  FL_TRY(const auto type, body.text("content_type", kShortBytesMax));
  if (!type.is_present) return {};
  if (type.value.empty()) {
    endpoint.content_type = "application/json";
  } else if (type.value == "application/json" || type.value == "application/x-www-form-urlencoded") {
    endpoint.content_type = type.value;
  } else {
    return bad_field("content_type", "invalid_content_type",
                     "content_type: expected application/json or application/x-www-form-urlencoded");
  }
  return {};
}

Result<void> apply_flags(store::Endpoint& endpoint, const JsonBody& body, const EndpointRules& rules) {
  FL_TRY(const auto is_advanced, body.boolean("advanced_signatures"));
  if (is_advanced.is_present)
    endpoint.has_advanced_signatures = is_advanced.is_null ? !rules.version.has_text_durations : is_advanced.value;
  if (!rules.is_outgoing) endpoint.has_advanced_signatures = true;
  FL_TRY(const auto is_disabled, body.boolean("is_disabled"));
  if (!is_disabled.has_value()) return {};
  const bool is_inactive = std::string_view(endpoint.effective_status()) == "inactive";
  if (is_disabled.value) {
    endpoint.status = "inactive";
  } else if (is_inactive) {
    endpoint.status = "active";
    ++endpoint.generation;
  }
  return {};
}

// A project that takes https only sends no client secret in the clear either.
Result<void> check_token_url(const JsonBody& authentication, const EndpointRules& rules) {
  if (!rules.config.enforces_https()) return {};
  FL_TRY(const auto oauth, authentication.object("oauth2"));
  if (!oauth.has_value()) return {};
  FL_TRY(const auto url, oauth.value.text("url", kUrlBytesMax));
  if (const auto parsed = rules.guard.check_url(url.value); parsed && !parsed->tls)
    return bad_field("authentication.oauth2.url", "https_required", "this project accepts https only");
  return {};
}

Result<void> apply_authentication(store::Endpoint& endpoint, const JsonBody& body, const EndpointRules& rules) {
  FL_TRY(const auto input, body.object("authentication"));
  if (!input.is_present) return {};
  if (input.is_null) {
    endpoint.authentication.reset();
    return {};
  }
  if (input.value.empty()) return {};
  FL_TRY(const auto api_key, input.value.object("api_key"));
  if (api_key.has_value()) {
    FL_TRY(const auto name, api_key.value.text("header_name"));
    if (equals_ignoring_case(name.value, rules.config.signature_header())) {
      return bad_field("authentication.api_key.header_name", "reserved_header",
                       "this header carries the project's signature");
    }
  }
  FL_TRY(endpoint.authentication, read_authentication(input.value, endpoint, rules.sealer, rules.guard));
  return check_token_url(input.value, rules);
}

}  // namespace

Result<void> apply_endpoint_input(store::Endpoint& endpoint, const JsonBody& body, const EndpointRules& rules) {
  FL_TRY(endpoint.name, body.required_text("name", kShortBytesMax));
  FL_TRY_VOID(apply_url(endpoint, body, rules));
  FL_TRY_VOID(apply_text(endpoint.owner_id, body, "owner_id", kShortBytesMax, WhenEmpty::keep));
  FL_TRY_VOID(apply_text(endpoint.description, body, "description", kDescriptionBytesMax, WhenEmpty::replace));
  FL_TRY_VOID(apply_email(endpoint, body));
  FL_TRY_VOID(apply_notification_url(endpoint.slack_webhook_url, body, "slack_webhook_url", rules.guard));
  FL_TRY_VOID(apply_notification_url(endpoint.teams_webhook_url, body, "teams_webhook_url", rules.guard));
  FL_TRY_VOID(apply_numbers(endpoint, body, rules));
  FL_TRY_VOID(apply_content_type(endpoint, body));
  FL_TRY_VOID(apply_client_certificate(endpoint, body, rules.sealer));
  FL_TRY_VOID(apply_authentication(endpoint, body, rules));
  return apply_flags(endpoint, body, rules);
}

store::StoredSecret make_secret(const store::Endpoint& endpoint, std::string value, const crypto::Sealer& sealer,
                                IdSource& ids, TimePoint now) {
  if (value.empty()) value = crypto::make_signing_secret();
  return {.id = ids.next<SecretTag>(),
          .sealed = sealer.seal(value, to_text(endpoint.id)),
          .expires_at = std::nullopt,
          .created_at = now,
          .updated_at = now};
}

Result<std::string> read_secret(const JsonBody& body) {
  FL_TRY(auto field, body.text("secret", kSecretBytesMax));
  return std::move(field.value);
}

Result<void> check_secret_unchanged(const store::Endpoint& endpoint, const JsonBody& body,
                                    const crypto::Sealer& sealer) {
  FL_TRY(const auto sent, read_secret(body));
  if (sent.empty()) return {};
  for (const auto& stored : endpoint.secrets) {
    FL_TRY(const auto known, sealer.open(stored.sealed, to_text(endpoint.id)));
    if (crypto::equal_constant_time(known.reveal(), sent)) return {};
  }
  return bad_field("secret", "secret_not_updatable", "secret: use expire_secret to replace a signing secret");
}

}  // namespace fairlead::control
