#include "common/store/api_keys.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement find_sql{"api_key_find", R"sql(
  SELECT k.id, k.organisation_id, k.project_id, k.expires_at FROM api_keys k
   WHERE k.key_hash = $1 AND k.deleted_at IS NULL
     AND (k.project_id IS NULL
          OR EXISTS (SELECT 1 FROM projects p WHERE p.id = k.project_id AND p.deleted_at IS NULL)))sql"};
constexpr Statement insert_sql{"api_key_insert", R"sql(
  INSERT INTO api_keys (id, organisation_id, project_id, name, mask, key_hash, version, expires_at, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql"};
constexpr Statement delete_sql{"api_key_delete_named", R"sql(
  UPDATE api_keys SET deleted_at = $3, version = $4
   WHERE organisation_id = $1 AND name = $2 AND project_id IS NULL AND deleted_at IS NULL)sql"};

Wire bytes_of(const KeyHash& hash) { return {{reinterpret_cast<const char*>(hash.data()), hash.size()}}; }

}  // namespace

Result<std::optional<ApiKey>> find_api_key(Tx& tx, const KeyHash& hash) {
  const auto rows = tx.exec(find_sql, bytes_of(hash));
  if (rows.empty()) return std::nullopt;
  return ApiKey{as_id<ApiKeyTag>(rows[0][0]), as_id<OrganisationTag>(rows[0][1]),
                as_optional_id<ProjectTag>(rows[0][2]), as_optional_time(rows[0][3])};
}

Result<void> insert_api_key(Tx& tx, const NewApiKey& key, std::int64_t version, TimePoint now) {
  tx.exec(insert_sql, key.id, key.organisation, key.project, key.name, key.mask, bytes_of(key.hash), version,
          key.expires_at, now);
  return {};
}

Result<int> delete_organisation_keys(Tx& tx, const NewApiKey& like, std::int64_t version, TimePoint now) {
  return static_cast<int>(tx.exec(delete_sql, like.organisation, like.name, now, version).affected_rows());
}

}  // namespace fairlead::store
