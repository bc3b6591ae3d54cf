#include "common/store/endpoints.hpp"

#include <nlohmann/json.hpp>

#include "common/crypto/digest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

using nlohmann::json;

constexpr const char* kColumns = R"sql(
  SELECT e.project_id, e.id, e.name, e.url, e.owner_id, e.description, e.status, e.generation, e.advanced_signatures,
         e.http_timeout, e.rate_limit, e.rate_limit_duration, e.support_email, e.slack_webhook_url, e.teams_webhook_url,
         e.secrets, e.authentication, e.created_at, e.updated_at,
         coalesce(s.generation = e.generation AND s.status = 'inactive', false),
         CASE WHEN s.generation = e.generation THEN s.reason END, s.breaker_open_until, e.content_type,
         e.client_certificate
    FROM endpoints e LEFT JOIN endpoint_state s ON s.project_id = e.project_id AND s.endpoint_id = e.id)sql";

constexpr Statement find_urls_sql{"endpoint_find_urls", R"sql(
  SELECT w.url, e.id FROM unnest($2::text[]) AS w (url)
   CROSS JOIN LATERAL (SELECT id FROM endpoints
                        WHERE project_id = $1 AND md5(url) = md5(w.url) AND url = w.url AND deleted_at IS NULL
                        ORDER BY id LIMIT 1) e)sql"};
// However many: $1 is a list of objects with the columns' names.
constexpr Statement insert_sql{"endpoint_insert", R"sql(
  INSERT INTO endpoints (project_id, id, name, url, owner_id, description, status, generation, advanced_signatures,
                         http_timeout, rate_limit, rate_limit_duration, support_email, slack_webhook_url,
                         teams_webhook_url, secrets, authentication, version, created_at, updated_at, content_type,
                         client_certificate)
  SELECT project_id, id, name, url, owner_id, description, status, generation, advanced_signatures, http_timeout,
         rate_limit, rate_limit_duration, support_email, slack_webhook_url, teams_webhook_url, secrets, authentication,
         $2::bigint, created_at, updated_at, content_type, client_certificate
    FROM jsonb_populate_recordset(NULL::endpoints, $1::jsonb))sql"};
constexpr Statement update_sql{"endpoint_update", R"sql(
  UPDATE endpoints
     SET name = $3, url = $4, owner_id = $5, description = $6, status = $7, generation = $8, advanced_signatures = $9,
         http_timeout = $10, rate_limit = $11, rate_limit_duration = $12, support_email = $13, slack_webhook_url = $14,
         teams_webhook_url = $15, secrets = $16, authentication = $17, version = $18, updated_at = $19,
         content_type = $20, client_certificate = $21
   WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL)sql"};
constexpr Statement delete_sql{"endpoint_delete", R"sql(
  UPDATE endpoints SET deleted_at = $3, updated_at = $3, version = $4
   WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL)sql"};
constexpr Statement delete_subscriptions_sql{"endpoint_delete_subscriptions", R"sql(
  UPDATE subscriptions SET deleted_at = $3, updated_at = $3, version = $4
   WHERE project_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL)sql"};

std::string sealed_bytes(const json& value) {
  const auto bytes = crypto::from_base64(value.value("sealed", ""));
  if (!bytes) throw std::runtime_error("a sealed value in endpoints is not base64");
  return *bytes;
}

std::vector<StoredSecret> secrets_from(const std::string& text) {
  std::vector<StoredSecret> secrets;
  for (const auto& entry : json::parse(text)) {
    StoredSecret secret{.id = parse_id<SecretTag>(entry.value("uid", "")).value(), .sealed = sealed_bytes(entry)};
    if (const auto found = entry.find("expires_at"); found != entry.end() && found->is_string()) {
      secret.expires_at = parse_time(found->get<std::string>());
    }
    secret.created_at = parse_time(entry.value("created_at", "")).value_or(TimePoint{});
    secret.updated_at = parse_time(entry.value("updated_at", "")).value_or(TimePoint{});
    secrets.push_back(std::move(secret));
  }
  return secrets;
}

json authentication_to(const std::optional<StoredAuthentication>& authentication) {
  if (!authentication) return nullptr;
  return {{"type", authentication->type}, {"sealed", crypto::to_base64(authentication->sealed)}};
}

json certificate_to(const std::optional<StoredCertificate>& certificate) {
  if (!certificate) return nullptr;
  return {{"certificate", certificate->chain_pem}, {"sealed", crypto::to_base64(certificate->sealed_key)}};
}

json secrets_to(const std::vector<StoredSecret>& secrets) {
  json list = json::array();
  for (const auto& secret : secrets) {
    list.push_back({{"uid", to_text(secret.id)},
                    {"sealed", crypto::to_base64(secret.sealed)},
                    {"expires_at", secret.expires_at ? json(to_rfc3339(*secret.expires_at)) : json()},
                    {"created_at", to_rfc3339(secret.created_at)},
                    {"updated_at", to_rfc3339(secret.updated_at)}});
  }
  return list;
}

// A value of jsonb, or null.
std::optional<std::string> text_or_null(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.dump());
}

json row_of(const Endpoint& endpoint) {
  return {{"project_id", to_uuid(endpoint.project)},
          {"id", to_uuid(endpoint.id)},
          {"name", endpoint.name},
          {"url", endpoint.url},
          {"owner_id", endpoint.owner_id},
          {"description", endpoint.description},
          {"status", endpoint.status},
          {"generation", endpoint.generation},
          {"advanced_signatures", endpoint.has_advanced_signatures},
          {"http_timeout", endpoint.http_timeout},
          {"rate_limit", endpoint.rate_limit},
          {"rate_limit_duration", endpoint.rate_limit_duration},
          {"support_email", endpoint.support_email},
          {"slack_webhook_url", endpoint.slack_webhook_url},
          {"teams_webhook_url", endpoint.teams_webhook_url},
          {"secrets", secrets_to(endpoint.secrets)},
          {"authentication", authentication_to(endpoint.authentication)},
          {"created_at", to_rfc3339(endpoint.created_at)},
          {"updated_at", to_rfc3339(endpoint.updated_at)},
          {"content_type", endpoint.content_type},
          {"client_certificate", certificate_to(endpoint.certificate)}};
}

Endpoint endpoint_from(const pqxx::row& row) {
  Endpoint endpoint{.project = as_id<ProjectTag>(row[0]),
                    .id = as_id<EndpointTag>(row[1]),
                    .name = as_text(row[2]),
                    .url = as_text(row[3]),
                    .owner_id = as_text(row[4]),
                    .description = as_text(row[5]),
                    .status = as_text(row[6]),
                    .generation = row[7].as<int>(),
                    .has_advanced_signatures = row[8].as<bool>(),
                    .http_timeout = row[9].as<int>(),
                    .rate_limit = row[10].as<int>(),
                    .rate_limit_duration = row[11].as<int>(),
                    .support_email = as_text(row[12]),
                    .slack_webhook_url = as_text(row[13]),
                    .teams_webhook_url = as_text(row[14]),
                    .secrets = secrets_from(as_text(row[15])),
                    .created_at = as_time(row[17]),
                    .updated_at = as_time(row[18]),
                    .is_auto_disabled = row[19].as<bool>(),
                    .state_reason = as_text(row[20]),
                    .breaker_open_until = as_optional_time(row[21])};
  if (!row[16].is_null()) {
    const auto stored = json::parse(as_text(row[16]));
    endpoint.authentication = StoredAuthentication{stored.value("type", ""), sealed_bytes(stored)};
  }
  endpoint.content_type = as_text(row[22]);
  if (!row[23].is_null()) {
    const auto stored = json::parse(as_text(row[23]));
    endpoint.certificate = StoredCertificate{stored.value("certificate", ""), sealed_bytes(stored)};
  }
  return endpoint;
}

}  // namespace

std::string secrets_to_json(const std::vector<StoredSecret>& secrets) { return secrets_to(secrets).dump(); }

const char* Endpoint::effective_status() const {
  if (is_auto_disabled || status == "inactive") return "inactive";
  return status == "paused" ? "paused" : "active";
}

Result<Endpoint> get_endpoint(Tx& tx, const ProjectId& project, const EndpointId& id) {
  static const std::string sql =
      std::string(kColumns) + " WHERE e.project_id = $1 AND e.id = $2 AND e.deleted_at IS NULL";
  const auto rows = tx.exec_named("endpoint_get", sql, project, id);
  if (rows.empty()) return fail(Code::not_found, "endpoint not found");
  return endpoint_from(rows[0]);
}

Result<std::vector<Endpoint>> list_endpoints(Tx& tx, const EndpointFilter& filter, const Keyset& keyset) {
  std::string name = "endpoint_list", sql = kColumns;
  sql += " WHERE e.project_id = $1 AND e.id BETWEEN $2 AND $3 AND e.deleted_at IS NULL";
  sql += " AND ($5 = '' OR position(lower($5) IN lower(e.name)) > 0)";
  if (filter.owner_id.empty()) {
    sql += " AND $6 = ''";
  } else {
    sql += " AND e.owner_id = $6";
    name += "_owner";
  }
  sql += keyset.is_descending ? " ORDER BY e.id DESC LIMIT $4" : " ORDER BY e.id LIMIT $4";
  name += keyset.is_descending ? "_desc" : "_asc";
  std::vector<Endpoint> endpoints;
  const auto rows = tx.exec_named(name, sql, filter.project, EndpointId{keyset.low}, EndpointId{keyset.high},
                                  keyset.rows_max, filter.name_part, filter.owner_id);
  for (const auto& row : rows) endpoints.push_back(endpoint_from(row));
  return endpoints;
}

Result<std::map<std::string, EndpointId>> find_endpoints_by_url(Tx& tx, const ProjectId& project,
                                                                const std::vector<std::string>& urls) {
  TextArray wanted;
  for (const auto& url : urls) wanted.add(url);
  std::map<std::string, EndpointId> found;
  for (const auto& row : tx.exec(find_urls_sql, project, wanted.take()))
    found.emplace(as_text(row[0]), as_id<EndpointTag>(row[1]));
  return found;
}

Result<void> insert_endpoints(Tx& tx, const std::vector<Endpoint>& endpoints, std::int64_t version) {
  if (endpoints.empty()) return {};
  json rows = json::array();
  for (const auto& endpoint : endpoints) rows.push_back(row_of(endpoint));
  tx.exec(insert_sql, rows.dump(), version);
  return {};
}

Result<void> insert_endpoint(Tx& tx, const Endpoint& endpoint, std::int64_t version) {
  return insert_endpoints(tx, {endpoint}, version);
}

Result<void> update_endpoint(Tx& tx, const Endpoint& endpoint, std::int64_t version) {
  const auto updated =
      tx.exec(update_sql, endpoint.project, endpoint.id, endpoint.name, endpoint.url, endpoint.owner_id,
              endpoint.description, endpoint.status, endpoint.generation, endpoint.has_advanced_signatures,
              endpoint.http_timeout, endpoint.rate_limit, endpoint.rate_limit_duration, endpoint.support_email,
              endpoint.slack_webhook_url, endpoint.teams_webhook_url, secrets_to_json(endpoint.secrets),
              text_or_null(authentication_to(endpoint.authentication)), version, endpoint.updated_at,
              endpoint.content_type, text_or_null(certificate_to(endpoint.certificate)));
  if (updated.affected_rows() == 0) return fail(Code::not_found, "endpoint not found");
  return {};
}

Result<void> delete_endpoint(Tx& tx, const ProjectId& project, const EndpointId& id, std::int64_t version,
                             TimePoint now) {
  if (tx.exec(delete_sql, project, id, now, version).affected_rows() == 0)
    return fail(Code::not_found, "endpoint not found");
  tx.exec(delete_subscriptions_sql, project, id, now, version);
  return {};
}

}  // namespace fairlead::store
