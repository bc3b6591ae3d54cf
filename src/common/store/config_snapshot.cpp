#include "common/store/config_snapshot.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/crypto/digest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

using nlohmann::json;

constexpr Statement version_sql{"config_version", "SELECT version FROM config_counter WHERE id = 1"};
constexpr Statement projects_sql{"config_projects", R"sql(
  SELECT id, organisation_id, config_version, config, deleted_at IS NOT NULL FROM projects
   WHERE config_version > $1 AND ($1 > 0 OR deleted_at IS NULL) ORDER BY id)sql"};
constexpr Statement endpoints_sql{"config_endpoints", R"sql(
  SELECT project_id, id, url, owner_id, status, generation, advanced_signatures, http_timeout, rate_limit,
         rate_limit_duration, secrets, deleted_at IS NOT NULL, authentication, content_type, client_certificate
    FROM endpoints WHERE version > $1 AND ($1 > 0 OR deleted_at IS NULL))sql"};
constexpr Statement subscriptions_sql{"config_subscriptions", R"sql(
  SELECT project_id, id, endpoint_id, array_to_json(event_types), retry_config, deleted_at IS NOT NULL,
         delivery_mode = 'at_most_once', source_id
    FROM subscriptions WHERE version > $1 AND ($1 > 0 OR deleted_at IS NULL))sql"};
constexpr Statement keys_sql{"config_keys", R"sql(
  SELECT id, organisation_id, project_id, key_hash, expires_at, deleted_at IS NOT NULL, scope
    FROM api_keys WHERE version > $1 AND ($1 > 0 OR deleted_at IS NULL))sql"};
constexpr Statement catch_all_sql{"config_catch_all", "SELECT ensure_catch_all_subscription($1, $2, $3)"};

// {type, duration | interval_seconds, retry_count}: an explicit strategy (wire contract 6.9).
std::optional<RetryPolicy> retry_from(const json& value) {
  if (!value.is_object() || !value.contains("type")) return std::nullopt;
  RetryPolicy policy;
  policy.kind = value.value("type", "linear") == "exponential" ? RetryKind::exponential : RetryKind::linear;
  const auto seconds =
      value.contains("interval_seconds") ? value.value("interval_seconds", 0) : value.value("duration", 0);
  policy.interval = std::chrono::seconds(std::max<std::int64_t>(1, seconds));
  policy.attempts_max = std::clamp<int>(value.value("retry_count", 10), 1, 1000);
  return policy;
}

// Seconds, percent, counts, and the window in minutes (wire contract 2.2); 0 or absent: the default.
BreakerPolicy breaker_from(const json& value) {
  BreakerPolicy policy;
  const auto read = [&](const char* name, int fallback, int max) {
    const int number = value.value(name, 0);
    return number > 0 ? std::min(number, max) : fallback;
  };
  policy.open_for = std::chrono::seconds(read("error_timeout", 30, 300));
  policy.failure_percent = read("failure_threshold", policy.failure_percent, 100);
  policy.successes_to_close = read("success_threshold", policy.successes_to_close, 1000);
  policy.requests_min = read("minimum_request_count", policy.requests_min, 1'000'000);
  policy.window = std::chrono::minutes(read("observability_window", 5, 24 * 60));
  policy.consecutive_failures = read("consecutive_failure_threshold", policy.consecutive_failures, 1'000'000);
  return policy;
}

// Throws json::exception for what the control plane would not have written.
ProjectSettings read_settings(const std::string& text) {
  const json config = json::parse(text);
  ProjectSettings settings;
  if (const auto bytes = config.value("max_payload_read_size", std::size_t{0}); bytes > 0)
    settings.payload_bytes_max = bytes;
  if (config.contains("strategy")) {
    if (const auto policy = retry_from(config["strategy"])) settings.retry = *policy;
  }
  if (const auto found = config.find("signature"); found != config.end() && found->is_object()) {
    settings.signature_header = found->value("header", settings.signature_header);
    std::vector<SignatureSpec> versions;
    for (const auto& version : found->value("versions", json::array())) {
      versions.push_back({version.value("hash", "SHA256") == "SHA512", version.value("encoding", "hex") == "base64"});
    }
    if (!versions.empty()) settings.signatures = std::move(versions);
  }
  if (const auto header = config.value("request_id_header", ""); !header.empty()) settings.request_id_header = header;
  if (const auto found = config.find("ratelimit"); found != config.end() && found->is_object()) {
    settings.events_max = found->value("count", 0);
    settings.events_window = std::chrono::seconds(found->value("duration", 0));
  }
  if (const auto found = config.find("meta_event");
      found != config.end() && found->is_object() && found->value("is_enabled", false)) {
    const auto types = found->value("event_type", std::vector<std::string>{});
    const auto tells = [&](std::string_view type) { return std::ranges::find(types, type) != types.end(); };
    settings.meta_events = {.tells_success = tells("eventdelivery.success"),
                            .tells_failure = tells("eventdelivery.failed"),
                            .tells_update = tells("eventdelivery.updated")};
  }
  settings.has_event_id_headers = config.value("add_event_id_trace_headers", false);
  settings.disables_endpoints = config.value("disable_endpoint", true);
  if (const auto found = config.find("circuit_breaker"); found != config.end() && found->is_object()) {
    settings.breaker = breaker_from(*found);
  }
  return settings;
}

// One project that cannot be read must not keep the others from being refreshed: it goes on with the defaults.
ProjectSettings settings_from(const std::string& text) {
  try {
    return read_settings(text);
  } catch (const json::exception&) {
    return {};
  }
}

Result<std::vector<SecretConfig>> secrets_from(const std::string& text, const EndpointId& endpoint,
                                               const crypto::Sealer& sealer) {
  std::vector<SecretConfig> secrets;
  for (const auto& entry : json::parse(text)) {
    const auto sealed = crypto::from_base64(entry.value("sealed", ""));
    if (!sealed) return fail(Code::internal, "a sealed secret is not base64");
    SecretConfig secret;
    FL_TRY(secret.value, sealer.open(*sealed, to_text(endpoint)));
    if (const auto found = entry.find("expires_at"); found != entry.end() && found->is_string()) {
      secret.expires_at = parse_time(found->get<std::string>());
    }
    secrets.push_back(std::move(secret));
  }
  return secrets;
}

Result<void> read_authentication(const std::string& text, const crypto::Sealer& sealer, EndpointConfig& endpoint) {
  const auto stored = json::parse(text);
  const auto sealed = crypto::from_base64(stored.value("sealed", ""));
  if (!sealed) return fail(Code::internal, "a sealed credential is not base64");
  FL_TRY(Secret clear, sealer.open(*sealed, to_text(endpoint.id)));
  const auto type = stored.value("type", "");
  if (type == "oauth2") {
    endpoint.oauth = std::make_shared<const Secret>(std::move(clear));
    return {};
  }
  const auto value = json::parse(clear.reveal());
  if (type == "basic_auth") {
    const std::string pair = value.value("username", "") + ":" + value.value("password", "");
    endpoint.authentication = AuthenticationHeader{"Authorization", Secret("Basic " + crypto::to_base64(pair))};
  } else {
    endpoint.authentication =
        AuthenticationHeader{value.value("header_name", ""), Secret(value.value("header_value", ""))};
  }
  return {};
}

// Its identity is that of the endpoint and of every byte: whatever changes gets connections of its own.
Result<std::shared_ptr<const ClientCertificate>> certificate_from(const std::string& text, const EndpointId& endpoint,
                                                                  const crypto::Sealer& sealer) {
  const auto stored = json::parse(text);
  const auto sealed = crypto::from_base64(stored.value("sealed", ""));
  if (!sealed) return fail(Code::internal, "a sealed key is not base64");
  ClientCertificate certificate{.identity = "", .chain_pem = stored.value("certificate", ""), .key_pem = {}};
  FL_TRY(certificate.key_pem, sealer.open(*sealed, to_text(endpoint)));
  const auto digest = crypto::sha256(certificate.chain_pem + certificate.key_pem.reveal());
  certificate.identity =
      to_text(endpoint) + ":" + crypto::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
  return std::make_shared<const ClientCertificate>(std::move(certificate));
}

struct SealedTexts {
  std::string secrets;
  std::string authentication;  // empty: none
  std::string certificate;     // empty: none
};

// One endpoint that cannot be read must not keep the others from being refreshed: it is marked, and not sent to.
void read_sealed(const SealedTexts& texts, const crypto::Sealer& sealer, EndpointConfig& endpoint) {
  const auto read = [&]() -> Result<void> {
    FL_TRY(endpoint.secrets, secrets_from(texts.secrets, endpoint.id, sealer));
    if (!texts.certificate.empty()) {
      FL_TRY(endpoint.certificate, certificate_from(texts.certificate, endpoint.id, sealer));
    }
    if (!texts.authentication.empty()) FL_TRY_VOID(read_authentication(texts.authentication, sealer, endpoint));
    return {};
  };
  try {
    endpoint.is_unreadable = !read();
  } catch (const json::exception&) {
    endpoint.is_unreadable = true;
  }
}

EndpointStatus status_from(const std::string& text) {
  if (text == "paused") return EndpointStatus::paused;
  return text == "inactive" ? EndpointStatus::inactive : EndpointStatus::active;
}

}  // namespace

Result<std::int64_t> config_version(Tx& tx) { return tx.exec(version_sql)[0][0].as<std::int64_t>(); }

Result<ConfigChanges> read_config_changes(Tx& tx, std::int64_t since, const crypto::Sealer& sealer) {
  ConfigChanges changes;
  changes.version = tx.exec(version_sql)[0][0].as<std::int64_t>();
  for (const auto& row : tx.exec(projects_sql, since)) {
    changes.projects.push_back({as_id<ProjectTag>(row[0]), as_id<OrganisationTag>(row[1]), row[2].as<std::int64_t>(),
                                row[4].as<bool>(), settings_from(as_text(row[3]))});
  }
  for (const auto& row : tx.exec(endpoints_sql, since)) {
    EndpointChange change;
    change.project = as_id<ProjectTag>(row[0]);
    change.is_deleted = row[11].as<bool>();
    auto& endpoint = change.endpoint;
    endpoint.id = as_id<EndpointTag>(row[1]);
    endpoint.url = as_text(row[2]);
    endpoint.owner_id = as_text(row[3]);
    endpoint.status = status_from(as_text(row[4]));
    endpoint.generation = row[5].as<int>();
    endpoint.has_advanced_signatures = row[6].as<bool>();
    if (const int timeout = row[7].as<int>(); timeout > 0)
      endpoint.timeout = std::chrono::seconds(std::min(timeout, 60));
    endpoint.rate_limit = row[8].as<int>();
    endpoint.rate_window = std::chrono::seconds(std::max(1, row[9].as<int>()));
    endpoint.is_form = as_text(row[13]) == "application/x-www-form-urlencoded";
    read_sealed({as_text(row[10]), as_text(row[12]), as_text(row[14])}, sealer, endpoint);
    changes.endpoints.push_back(std::move(change));
  }
  for (const auto& row : tx.exec(subscriptions_sql, since)) {
    SubscriptionChange change{as_id<ProjectTag>(row[0]), row[5].as<bool>(), {}};
    change.subscription.id = as_id<SubscriptionTag>(row[1]);
    change.subscription.endpoint = as_id<EndpointTag>(row[2]);
    change.subscription.event_types = json::parse(as_text(row[3])).get<std::vector<std::string>>();
    if (!row[4].is_null()) change.subscription.retry = retry_from(json::parse(as_text(row[4])));
    change.subscription.is_at_most_once = row[6].as<bool>();
    change.subscription.source = as_optional_id<SourceTag>(row[7]);
    changes.subscriptions.push_back(std::move(change));
  }
  for (const auto& row : tx.exec(keys_sql, since)) {
    ApiKeyChange change;
    change.is_deleted = row[5].as<bool>();
    change.key.id = as_id<ApiKeyTag>(row[0]);
    change.key.organisation = as_id<OrganisationTag>(row[1]);
    change.key.project = as_optional_id<ProjectTag>(row[2]);
    const std::string hash = as_bytes(row[3]);
    std::memcpy(change.key.hash.data(), hash.data(), std::min(hash.size(), change.key.hash.size()));
    change.key.expires_at = as_optional_time(row[4]);
    change.key.scope = key_scope_from(as_text(row[6])).value_or(KeyScope::read_only);  // unknown: may send nothing
    changes.keys.push_back(change);
  }
  changes.filters = read_filter_changes(tx, since);
  changes.sources = read_source_changes(tx, since, sealer);
  return changes;
}

Result<bool> ensure_catch_all(Tx& tx, ProjectId project, EndpointId endpoint, SubscriptionId subscription) {
  return tx.exec(catch_all_sql, project, endpoint, subscription)[0][0].as<bool>();
}

}  // namespace fairlead::store
