#include "control_plane/services/endpoint_json.hpp"

#include "common/crypto/signature.hpp"
#include "control_plane/http/go_duration.hpp"
#include "control_plane/services/endpoint_authentication.hpp"
#include "control_plane/services/endpoint_certificate.hpp"

namespace fairlead::control {
namespace {

Result<void> write_secrets(JsonWriter& json, const store::Endpoint& endpoint, const EndpointView& view) {
  json.key("secrets").begin_array();
  for (const auto& secret : endpoint.secrets) {
    if (secret.expires_at && *secret.expires_at <= view.now) continue;
    json.begin_object().field("uid", secret.id);
    if (view.shows_secrets) {
      FL_TRY(const auto value, view.sealer.open(secret.sealed, to_text(endpoint.id)));
      json.field("value", value.reveal()).field("whsec", crypto::to_whsec(value.reveal()));
    } else {
      json.field("value", "[REDACTED]").field("whsec", "[REDACTED]");
    }
    json.field("expires_at", secret.expires_at)
        .field("created_at", secret.created_at)
        .field("updated_at", secret.updated_at);
    json.field("deleted_at", nullptr).end_object();
  }
  json.end_array();
  return {};
}

void write_seconds(JsonWriter& json, const char* name, int seconds, ApiVersion version) {
  if (version.has_text_durations)
    json.field(name, to_go_duration(std::chrono::seconds(seconds)));
  else
    json.field(name, seconds);
}

const char* breaker_state(const store::Endpoint& endpoint, TimePoint now) {
  if (!endpoint.breaker_open_until) return "closed";
  return *endpoint.breaker_open_until > now ? "open" : "half-open";
}

// What answers of this API carry for its shape and never fill.
void write_unfilled(JsonWriter& json) {
  json.field("period_failure_rate", nullptr).field("success_count", nullptr);
  json.field("failure_count", nullptr).field("retry_count", nullptr);
}

}  // namespace

Result<void> write_endpoint(JsonWriter& json, const store::Endpoint& endpoint, const EndpointView& view) {
  const bool is_old = view.version.has_old_names;
  json.begin_object()
      .field("uid", endpoint.id)
      .field("project_id", endpoint.project)
      .text_or_absent("owner_id", endpoint.owner_id);
  json.field(is_old ? "target_url" : "url", endpoint.url).field(is_old ? "title" : "name", endpoint.name);
  FL_TRY_VOID(write_secrets(json, endpoint, view));
  json.field("advanced_signatures", endpoint.has_advanced_signatures).field("description", endpoint.description);
  json.text_or_absent("slack_webhook_url", endpoint.slack_webhook_url)
      .text_or_absent("teams_webhook_url", endpoint.teams_webhook_url);
  json.text_or_absent("support_email", endpoint.support_email).field("status", endpoint.effective_status());
  json.text_or_absent("status_reason", endpoint.is_auto_disabled ? endpoint.state_reason : "");
  write_seconds(json, "http_timeout", endpoint.http_timeout, view.version);
  json.key("authentication");
  FL_TRY_VOID(write_authentication(json, endpoint, view.sealer));
  json.field("rate_limit", endpoint.rate_limit);
  write_seconds(json, "rate_limit_duration", endpoint.rate_limit_duration, view.version);
  json.field("content_type", endpoint.content_type)
      .field("failure_rate", nullptr)
      .field("cb_state", breaker_state(endpoint, view.now));
  write_unfilled(json);
  write_client_certificate(json, endpoint);
  json.field("created_at", endpoint.created_at)
      .field("updated_at", endpoint.updated_at)
      .field("deleted_at", nullptr)
      .end_object();
  return {};
}

void write_endpoint_brief(JsonWriter& json, const store::EndpointBrief& endpoint, ApiVersion version) {
  json.begin_object()
      .field("uid", endpoint.id)
      .field("project_id", endpoint.project)
      .text_or_absent("owner_id", endpoint.owner_id);
  json.field(version.has_old_names ? "target_url" : "url", endpoint.url)
      .field(version.has_old_names ? "title" : "name", endpoint.name)
      .field("secrets", nullptr)
      .field("advanced_signatures", false);
  json.field("description", "")
      .text_or_absent("support_email", endpoint.support_email)
      .field("status", endpoint.status);
  write_seconds(json, "http_timeout", 0, version);
  json.field("authentication", nullptr).field("rate_limit", 0);
  write_seconds(json, "rate_limit_duration", 0, version);
  json.field("content_type", "").field("failure_rate", nullptr).field("cb_state", nullptr);
  write_unfilled(json);
  json.field("created_at", "0001-01-01T00:00:00Z").field("updated_at", "0001-01-01T00:00:00Z");
  json.field("deleted_at", endpoint.deleted_at).end_object();
}

}  // namespace fairlead::control
