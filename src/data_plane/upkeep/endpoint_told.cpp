#include "data_plane/upkeep/endpoint_told.hpp"

#include <nlohmann/json.hpp>

#include "common/crypto/signature.hpp"
#include "common/store/endpoint_shown.hpp"

namespace fairlead::upkeep {
namespace {

using Json = nlohmann::ordered_json;

Json time_or_null(const std::optional<TimePoint>& time) { return time ? Json(to_rfc3339(*time)) : Json(); }

Result<Json> secrets_of(const store::Endpoint& endpoint, const crypto::Sealer& sealer, TimePoint now) {
  Json list = Json::array();
  for (const auto& secret : endpoint.secrets) {
    if (secret.expires_at && *secret.expires_at <= now) continue;
    FL_TRY(const auto value, sealer.open(secret.sealed, to_text(endpoint.id)));
    list.push_back({{"uid", to_text(secret.id)},
                    {"value", value.reveal()},
                    {"whsec", crypto::to_whsec(value.reveal())},
                    {"expires_at", time_or_null(secret.expires_at)},
                    {"created_at", to_rfc3339(secret.created_at)},
                    {"updated_at", to_rfc3339(secret.updated_at)},
                    {"deleted_at", nullptr}});
  }
  return list;
}

void add_texts(Json& data, const store::Endpoint& endpoint) {
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) data[name] = text;
  };
  add("owner_id", endpoint.owner_id);
  add("slack_webhook_url", endpoint.slack_webhook_url);
  add("teams_webhook_url", endpoint.teams_webhook_url);
  add("support_email", endpoint.support_email);
  add("status_reason", endpoint.is_auto_disabled ? endpoint.state_reason : "");
}

std::string breaker_state(const store::Endpoint& endpoint, TimePoint now) {
  if (!endpoint.breaker_open_until) return "closed";
  return *endpoint.breaker_open_until > now ? "open" : "half-open";
}

}  // namespace

Result<std::string> endpoint_told(std::string_view type, const store::Endpoint& endpoint, const crypto::Sealer& sealer,
                                  TimePoint now) {
  FL_TRY(auto secrets, secrets_of(endpoint, sealer, now));
  FL_TRY(const auto authentication, store::shown_authentication(endpoint, sealer));
  Json data{{"uid", to_text(endpoint.id)},
            {"project_id", to_text(endpoint.project)},
            {"url", endpoint.url},
            {"name", endpoint.name},
            {"secrets", std::move(secrets)},
            {"advanced_signatures", endpoint.has_advanced_signatures},
            {"description", endpoint.description},
            {"status", endpoint.effective_status()},
            {"http_timeout", endpoint.http_timeout},
            {"authentication", Json::parse(authentication)},
            {"rate_limit", endpoint.rate_limit},
            {"rate_limit_duration", endpoint.rate_limit_duration},
            {"content_type", endpoint.content_type},
            {"failure_rate", nullptr},
            {"cb_state", breaker_state(endpoint, now)},
            {"period_failure_rate", nullptr},
            {"success_count", nullptr},
            {"failure_count", nullptr},
            {"retry_count", nullptr},
            {"created_at", to_rfc3339(endpoint.created_at)},
            {"updated_at", to_rfc3339(endpoint.updated_at)},
            {"deleted_at", nullptr}};
  add_texts(data, endpoint);
  if (endpoint.certificate)
    data["mtls_client_cert"] = {{"client_cert", endpoint.certificate->chain_pem}, {"client_key", store::redacted}};
  return Json{{"event_type", type}, {"data", std::move(data)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fairlead::upkeep
