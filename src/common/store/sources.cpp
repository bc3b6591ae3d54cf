#include "common/store/sources.hpp"

#include <nlohmann/json.hpp>

#include "common/crypto/digest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

using nlohmann::json;

constexpr const char* kColumns = R"sql(
  SELECT s.project_id, s.id, s.mask, s.name, s.type, s.provider, s.is_disabled, s.verifier, s.pub_sub, s.response_body,
         s.response_type, array_to_json(s.forward_headers), array_to_json(s.idempotency_keys), s.event_type_location,
         s.convert_forms, s.body_function, s.header_function, s.crc_verified_at, s.created_at, s.updated_at
    FROM sources s)sql";
constexpr Statement insert_sql{"source_insert", R"sql(
  INSERT INTO sources (project_id, id, mask, name, type, provider, is_disabled, verifier, pub_sub, response_body,
                       response_type, forward_headers, idempotency_keys, event_type_location, convert_forms,
                       body_function, header_function, version, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20))sql"};
constexpr Statement update_sql{"source_update", R"sql(
  UPDATE sources
     SET name = $3, type = $4, is_disabled = $5, verifier = $6, pub_sub = $7, response_body = $8, response_type = $9,
         forward_headers = $10, idempotency_keys = $11, event_type_location = $12, convert_forms = $13,
         body_function = $14, header_function = $15, version = $16, updated_at = $17
   WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL)sql"};
constexpr Statement delete_sql{"source_delete", R"sql(
  UPDATE sources SET deleted_at = $3, updated_at = $3, version = $4
   WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL)sql"};
constexpr Statement delete_subscriptions_sql{"source_delete_subscriptions", R"sql(
  UPDATE subscriptions SET deleted_at = $3, updated_at = $3, version = $4
   WHERE project_id = $1 AND source_id = $2 AND deleted_at IS NULL)sql"};
constexpr Statement note_challenge_sql{"source_note_challenge", "SELECT note_source_challenge($1, $2)"};
constexpr Statement changes_sql{"config_sources", R"sql(
  SELECT project_id, id, mask, type, provider, is_disabled, convert_forms, verifier, response_body, response_type,
         array_to_json(forward_headers), array_to_json(idempotency_keys), event_type_location, deleted_at IS NOT NULL
    FROM sources WHERE version > $1 AND ($1 > 0 OR deleted_at IS NULL))sql"};

std::vector<std::string> texts_from(const pqxx::field& field) {
  return json::parse(as_text(field)).get<std::vector<std::string>>();
}

Wire texts_to(const std::vector<std::string>& texts) {
  TextArray list;
  for (const auto& text : texts) list.add(text);
  return list.take();
}

std::optional<std::string> bytes_to(const std::string& sealed) {
  if (sealed.empty()) return std::nullopt;
  return "\\x" + crypto::to_hex(sealed);
}

std::optional<std::string> text_from(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return as_text(field);
}

Source source_from(const pqxx::row& row) {
  return {.project = as_id<ProjectTag>(row[0]),
          .id = as_id<SourceTag>(row[1]),
          .mask = as_text(row[2]),
          .name = as_text(row[3]),
          .type = as_text(row[4]),
          .provider = as_text(row[5]),
          .is_disabled = row[6].as<bool>(),
          .verifier_sealed = row[7].is_null() ? "" : as_bytes(row[7]),
          .pub_sub_sealed = row[8].is_null() ? "" : as_bytes(row[8]),
          .response_body = as_text(row[9]),
          .response_type = as_text(row[10]),
          .forward_headers = texts_from(row[11]),
          .idempotency_keys = texts_from(row[12]),
          .event_type_location = as_text(row[13]),
          .converts_forms = row[14].as<bool>(),
          .body_function = text_from(row[15]),
          .header_function = text_from(row[16]),
          .crc_verified_at = as_optional_time(row[17]),
          .created_at = as_time(row[18]),
          .updated_at = as_time(row[19])};
}

}  // namespace

Result<Source> get_source(Tx& tx, const ProjectId& project, const SourceId& id) {
  static const std::string sql =
      std::string(kColumns) + " WHERE s.project_id = $1 AND s.id = $2 AND s.deleted_at IS NULL";
  const auto rows = tx.exec_named("source_get", sql, project, id);
  if (rows.empty()) return fail(Code::not_found, "source not found");
  return source_from(rows[0]);
}

Result<Source> get_source_by_mask(Tx& tx, const std::string& mask) {
  static const std::string sql = std::string(kColumns) +
                                 " JOIN projects p ON p.id = s.project_id AND p.deleted_at IS NULL"
                                 " WHERE s.mask = $1 AND s.deleted_at IS NULL";
  const auto rows = tx.exec_named("source_by_mask", sql, mask);
  if (rows.empty()) return fail(Code::not_found, "source not found");
  return source_from(rows[0]);
}

Result<std::vector<Source>> list_sources(Tx& tx, const SourceFilter& filter, const Keyset& keyset) {
  std::string sql = kColumns;
  sql += " WHERE s.project_id = $1 AND s.id BETWEEN $2 AND $3 AND s.deleted_at IS NULL";
  sql += " AND ($5 = '' OR s.type = $5) AND ($6 = '' OR s.provider = $6)";
  sql += " AND ($7 = '' OR position(lower($7) IN lower(s.name)) > 0)";
  sql += keyset.is_descending ? " ORDER BY s.id DESC LIMIT $4" : " ORDER BY s.id LIMIT $4";
  const std::string name = keyset.is_descending ? "source_list_desc" : "source_list_asc";
  std::vector<Source> sources;
  for (const auto& row : tx.exec_named(name, sql, filter.project, SourceId{keyset.low}, SourceId{keyset.high},
                                       keyset.rows_max, filter.type, filter.provider, filter.name_part)) {
    sources.push_back(source_from(row));
  }
  return sources;
}

Result<void> insert_source(Tx& tx, const Source& source, std::int64_t version) {
  tx.exec(insert_sql, source.project, source.id, source.mask, source.name, source.type, source.provider,
          source.is_disabled, bytes_to(source.verifier_sealed), bytes_to(source.pub_sub_sealed), source.response_body,
          source.response_type, texts_to(source.forward_headers), texts_to(source.idempotency_keys),
          source.event_type_location, source.converts_forms, source.body_function, source.header_function, version,
          source.created_at, source.updated_at);
  return {};
}

Result<void> update_source(Tx& tx, const Source& source, std::int64_t version) {
  const auto updated = tx.exec(update_sql, source.project, source.id, source.name, source.type, source.is_disabled,
                               bytes_to(source.verifier_sealed), bytes_to(source.pub_sub_sealed), source.response_body,
                               source.response_type, texts_to(source.forward_headers),
                               texts_to(source.idempotency_keys), source.event_type_location, source.converts_forms,
                               source.body_function, source.header_function, version, source.updated_at);
  if (updated.affected_rows() == 0) return fail(Code::not_found, "source not found");
  return {};
}

Result<void> delete_source(Tx& tx, const ProjectId& project, const SourceId& id, std::int64_t version, TimePoint now) {
  if (tx.exec(delete_sql, project, id, now, version).affected_rows() == 0)
    return fail(Code::not_found, "source not found");
  tx.exec(delete_subscriptions_sql, project, id, now, version);
  return {};
}

Result<void> note_source_challenge(Tx& tx, ProjectId project, SourceId id) {
  tx.exec(note_challenge_sql, project, id);
  return {};
}

SourceVerifier parse_source_verifier(const std::string& clear_json, std::string_view provider) {
  const auto stored = json::parse(clear_json);
  const auto type = stored.value("type", "");
  SourceVerifier verifier;
  const auto read = [&](const char* object, const char* name, const char* secret, const char* more) {
    const auto& part = stored.at(object);
    verifier.name = part.value(name, "");
    verifier.secrets.emplace_back(part.at(secret).get<std::string>());
    for (const auto& other : part.value(more, json::array())) verifier.secrets.emplace_back(other.get<std::string>());
  };
  if (!provider.empty()) {
    verifier.kind = provider_kind(provider).value_or(VerifierKind::unusable);
    read("hmac", "header", "secret", "secrets");
  } else if (type == "hmac") {
    verifier.kind = VerifierKind::hmac;
    read("hmac", "header", "secret", "secrets");
    verifier.is_sha512 = stored["hmac"].value("hash", "") == "SHA512";
    verifier.is_base64 = stored["hmac"].value("encoding", "") == "base64";
  } else if (type == "basic_auth") {
    verifier.kind = VerifierKind::basic_auth;
    read("basic_auth", "username", "password", "passwords");
  } else if (type == "api_key") {
    verifier.kind = VerifierKind::api_key;
    read("api_key", "header_name", "header_value", "header_values");
  }
  return verifier;
}

namespace {

SourceVerifier verifier_from(const pqxx::field& sealed, const SourceId& id, std::string_view provider,
                             const crypto::Sealer& sealer) {
  if (sealed.is_null()) return {.kind = provider.empty() ? VerifierKind::none : VerifierKind::unusable};
  const auto clear = sealer.open(as_bytes(sealed), to_text(id));
  if (!clear) return {.kind = VerifierKind::unusable};
  try {
    return parse_source_verifier(clear->reveal(), provider);
  } catch (const json::exception&) {
    return {.kind = VerifierKind::unusable};
  }
}

}  // namespace

std::vector<SourceChange> read_source_changes(Tx& tx, std::int64_t since, const crypto::Sealer& sealer) {
  std::vector<SourceChange> changes;
  for (const auto& row : tx.exec(changes_sql, since)) {
    SourceChange change{.is_deleted = row[13].as<bool>()};
    auto& source = change.source;
    source.project = as_id<ProjectTag>(row[0]);
    source.id = as_id<SourceTag>(row[1]);
    source.mask = as_text(row[2]);
    source.is_http = as_text(row[3]) == "http";
    source.is_disabled = row[5].as<bool>();
    source.converts_forms = row[6].as<bool>();
    source.verifier = verifier_from(row[7], source.id, as_text(row[4]), sealer);
    source.response_body = as_text(row[8]);
    source.response_type = as_text(row[9]);
    source.forward_headers = texts_from(row[10]);
    bool is_readable = true;
    for (const auto& text : texts_from(row[11])) {
      auto selector = parse_selector(text, "idempotency_keys");
      is_readable = is_readable && selector.has_value();
      if (selector) source.idempotency_keys.push_back(*std::move(selector));
    }
    if (const auto text = as_text(row[12]); !text.empty()) {
      auto selector = parse_selector(text, "event_type_location");
      is_readable = is_readable && selector.has_value();
      if (selector) source.event_type_location = *std::move(selector);
    }
    if (!is_readable) source.verifier = {.kind = VerifierKind::unusable};
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace fairlead::store
