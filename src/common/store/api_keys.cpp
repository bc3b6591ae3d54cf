#include "common/store/api_keys.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement find_sql{"api_key_find", R"sql(
  SELECT k.id, k.organisation_id, k.project_id, k.expires_at, k.scope FROM api_keys k
   WHERE k.key_hash = $1 AND k.deleted_at IS NULL
     AND (k.project_id IS NULL
          OR EXISTS (SELECT 1 FROM projects p WHERE p.id = k.project_id AND p.deleted_at IS NULL)))sql"};
constexpr Statement get_sql{"api_key_get", R"sql(
  SELECT id, name, mask, scope, expires_at, last_used_at, created_at, updated_at FROM api_keys
   WHERE organisation_id = $1 AND project_id IS NOT DISTINCT FROM $2 AND id = $3 AND deleted_at IS NULL)sql"};
constexpr Statement list_project_sql{"api_key_list_project", R"sql(
  SELECT id, name, mask, scope, expires_at, last_used_at, created_at, updated_at FROM api_keys
   WHERE organisation_id = $1 AND project_id = $2 AND id BETWEEN $3 AND $4 AND deleted_at IS NULL
   ORDER BY id DESC LIMIT $5)sql"};
constexpr Statement list_project_asc_sql{"api_key_list_project_asc", R"sql(
  SELECT id, name, mask, scope, expires_at, last_used_at, created_at, updated_at FROM api_keys
   WHERE organisation_id = $1 AND project_id = $2 AND id BETWEEN $3 AND $4 AND deleted_at IS NULL
   ORDER BY id LIMIT $5)sql"};
constexpr Statement list_organisation_sql{"api_key_list_organisation", R"sql(
  SELECT id, name, mask, scope, expires_at, last_used_at, created_at, updated_at FROM api_keys
   WHERE organisation_id = $1 AND project_id IS NULL AND id BETWEEN $2 AND $3 AND deleted_at IS NULL
   ORDER BY id DESC LIMIT $4)sql"};
constexpr Statement list_organisation_asc_sql{"api_key_list_organisation_asc", R"sql(
  SELECT id, name, mask, scope, expires_at, last_used_at, created_at, updated_at FROM api_keys
   WHERE organisation_id = $1 AND project_id IS NULL AND id BETWEEN $2 AND $3 AND deleted_at IS NULL
   ORDER BY id LIMIT $4)sql"};
constexpr Statement count_sql{"api_key_count", R"sql(
  SELECT count(*) FROM api_keys
   WHERE organisation_id = $1 AND project_id IS NOT DISTINCT FROM $2 AND deleted_at IS NULL)sql"};
constexpr Statement insert_sql{"api_key_insert", R"sql(
  INSERT INTO api_keys (id, organisation_id, project_id, name, mask, key_hash, version, expires_at, created_at, updated_at,
                        scope)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10))sql"};
constexpr Statement update_sql{"api_key_update", R"sql(
  UPDATE api_keys SET name = $4, expires_at = $5, updated_at = $6, version = $7
   WHERE organisation_id = $1 AND project_id IS NOT DISTINCT FROM $2 AND id = $3 AND deleted_at IS NULL)sql"};
constexpr Statement delete_sql{"api_key_delete", R"sql(
  UPDATE api_keys SET deleted_at = $4, updated_at = $4, version = $5
   WHERE organisation_id = $1 AND project_id IS NOT DISTINCT FROM $2 AND id = $3 AND deleted_at IS NULL)sql"};
constexpr Statement delete_named_sql{"api_key_delete_named", R"sql(
  UPDATE api_keys SET deleted_at = $3, updated_at = $3, version = $4
   WHERE organisation_id = $1 AND name = $2 AND project_id IS NULL AND deleted_at IS NULL)sql"};
constexpr Statement uses_sql{"api_key_save_uses", R"sql(
  UPDATE api_keys k SET last_used_at = x.at FROM unnest($1::uuid[], $2::timestamptz[]) x(id, at)
   WHERE k.id = x.id AND (k.last_used_at IS NULL OR k.last_used_at < x.at))sql"};

Wire bytes_of(const KeyHash& hash) { return {{reinterpret_cast<const char*>(hash.data()), hash.size()}}; }

// A scope that this version does not know gives the least.
KeyScope scope_from(const pqxx::field& field) {
  return key_scope_from(std::string_view(field.c_str(), field.size())).value_or(KeyScope::events_only);
}

StoredApiKey stored_from(const pqxx::row& row) {
  return {.id = as_id<ApiKeyTag>(row[0]),
          .name = as_text(row[1]),
          .mask = as_text(row[2]),
          .scope = scope_from(row[3]),
          .expires_at = as_optional_time(row[4]),
          .last_used_at = as_optional_time(row[5]),
          .created_at = as_time(row[6]),
          .updated_at = as_time(row[7])};
}

auto no_such_key() { return fail(Code::not_found, "API key not found"); }

}  // namespace

Result<std::optional<ApiKey>> find_api_key(Tx& tx, const KeyHash& hash) {
  const auto rows = tx.exec(find_sql, bytes_of(hash));
  if (rows.empty()) return std::nullopt;
  const auto row = rows[0];
  return ApiKey{as_id<ApiKeyTag>(row[0]), as_id<OrganisationTag>(row[1]), as_optional_id<ProjectTag>(row[2]),
                as_optional_time(row[3]), scope_from(row[4])};
}

Result<StoredApiKey> get_api_key(Tx& tx, const KeyOwner& owner, const ApiKeyId& id) {
  const auto rows = tx.exec(get_sql, owner.organisation, owner.project, id);
  if (rows.empty()) return no_such_key();
  return stored_from(rows[0]);
}

Result<std::vector<StoredApiKey>> list_api_keys(Tx& tx, const KeyOwner& owner, const Keyset& keyset) {
  const ApiKeyId low{keyset.low}, high{keyset.high};
  std::vector<StoredApiKey> keys;
  const auto rows = owner.project ? tx.exec(keyset.is_descending ? list_project_sql : list_project_asc_sql,
                                            owner.organisation, *owner.project, low, high, keyset.rows_max)
                                  : tx.exec(keyset.is_descending ? list_organisation_sql : list_organisation_asc_sql,
                                            owner.organisation, low, high, keyset.rows_max);
  for (const auto& row : rows) keys.push_back(stored_from(row));
  return keys;
}

Result<int> count_api_keys(Tx& tx, const KeyOwner& owner) {
  return tx.exec(count_sql, owner.organisation, owner.project)[0][0].as<int>();
}

Result<void> insert_api_key(Tx& tx, const NewApiKey& key, std::int64_t version, TimePoint now) {
  tx.exec(insert_sql, key.id, key.organisation, key.project, key.name, key.mask, bytes_of(key.hash), version,
          key.expires_at, now, to_text(key.scope));
  return {};
}

Result<void> update_api_key(Tx& tx, const KeyOwner& owner, const StoredApiKey& key, std::int64_t version) {
  const auto updated =
      tx.exec(update_sql, owner.organisation, owner.project, key.id, key.name, key.expires_at, key.updated_at, version);
  if (updated.affected_rows() == 0) return no_such_key();
  return {};
}

Result<void> delete_api_key(Tx& tx, const KeyOwner& owner, const ApiKeyId& id, std::int64_t version, TimePoint now) {
  if (tx.exec(delete_sql, owner.organisation, owner.project, id, now, version).affected_rows() == 0)
    return no_such_key();
  return {};
}

Result<int> delete_organisation_keys(Tx& tx, const NewApiKey& like, std::int64_t version, TimePoint now) {
  return static_cast<int>(tx.exec(delete_named_sql, like.organisation, like.name, now, version).affected_rows());
}

Result<int> save_key_uses(Tx& tx, const std::vector<KeyLastUse>& uses) {
  UuidArray ids;
  TimestampArray times;
  for (const auto& use : uses) {
    ids.add(use.id);
    times.add(use.at);
  }
  return static_cast<int>(tx.exec(uses_sql, ids.take(), times.take()).affected_rows());
}

}  // namespace fairlead::store
