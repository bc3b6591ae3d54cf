#include "common/store/portal_links.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr const char* kColumns = R"sql(
  SELECT l.project_id, l.id, l.name, l.owner_id, l.auth_type, l.can_manage_endpoint, l.can_see_payloads,
         l.can_rotate_secrets, l.can_replay, array_to_json(l.event_types), l.token_sealed, l.created_at, l.updated_at)sql";

constexpr Statement insert_sql{"portal_link_insert", R"sql(
  INSERT INTO portal_links (project_id, id, name, owner_id, auth_type, can_manage_endpoint, can_see_payloads,
                            can_rotate_secrets, can_replay, event_types, token_hash, token_sealed, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14))sql"};
constexpr Statement update_sql{"portal_link_update", R"sql(
  UPDATE portal_links SET name = $3, owner_id = $4, auth_type = $5, can_manage_endpoint = $6, can_see_payloads = $7,
         can_rotate_secrets = $8, can_replay = $9, event_types = $10, updated_at = $11
   WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL)sql"};
constexpr Statement delete_sql{"portal_link_delete", R"sql(
  UPDATE portal_links SET deleted_at = $3, updated_at = $3
   WHERE project_id = $1 AND id = $2 AND deleted_at IS NULL)sql"};
constexpr Statement delete_tokens_sql{"portal_link_delete_tokens",
                                      "DELETE FROM portal_tokens WHERE project_id = $1 AND link_id = $2"};
constexpr Statement endpoints_sql{"portal_link_endpoints", R"sql(
  SELECT x.owner_id, e.id, e.name, e.url, e.support_email, e.status, c.n
    FROM unnest($2::text[]) x(owner_id)
    CROSS JOIN LATERAL (SELECT count(*) AS n FROM endpoints
                         WHERE project_id = $1 AND owner_id = x.owner_id AND deleted_at IS NULL) c
    CROSS JOIN LATERAL (SELECT id, name, url, support_email, status FROM endpoints
                         WHERE project_id = $1 AND owner_id = x.owner_id AND deleted_at IS NULL
                         ORDER BY id LIMIT $3) e)sql"};
constexpr Statement token_sql{"portal_token_find", R"sql(
  SELECT token_sealed, expires_at FROM portal_tokens
   WHERE project_id = $1 AND link_id = $2 AND expires_at > $3 ORDER BY expires_at DESC LIMIT 1)sql"};
constexpr Statement insert_token_sql{"portal_token_insert", R"sql(
  INSERT INTO portal_tokens (token_hash, token_sealed, project_id, link_id, expires_at) VALUES ($1, $2, $3, $4, $5))sql"};
constexpr Statement prune_tokens_sql{"portal_token_prune", R"sql(
  DELETE FROM portal_tokens
   WHERE project_id = $1 AND link_id = $2
     AND (expires_at <= $3
          OR token_hash IN (SELECT t.token_hash FROM portal_tokens t WHERE t.project_id = $1 AND t.link_id = $2
                             ORDER BY t.expires_at DESC OFFSET $4 LIMIT 1000)))sql"};

constexpr Statement owned_sql{"portal_owned_endpoints", R"sql(
  SELECT e.id FROM unnest($3::uuid[]) x(id)
    CROSS JOIN LATERAL (SELECT n.id FROM endpoints n WHERE n.project_id = $1 AND n.id = x.id AND n.owner_id = $2 LIMIT 1) e)sql"};

constexpr Statement sender_sql{"portal_sender_find", R"sql(
  SELECT s.key_id, s.key_sealed FROM portal_senders s JOIN api_keys k ON k.id = s.key_id AND k.deleted_at IS NULL
   WHERE s.project_id = $1)sql"};
constexpr Statement save_sender_sql{"portal_sender_save", R"sql(
  INSERT INTO portal_senders (project_id, key_id, key_sealed) VALUES ($1, $2, $3)
  ON CONFLICT (project_id) DO UPDATE SET key_id = excluded.key_id, key_sealed = excluded.key_sealed)sql"};

Wire wire_of(const KeyHash& hash) { return {{reinterpret_cast<const char*>(hash.data()), hash.size()}}; }

PortalLink link_from(const pqxx::row& row) {
  PortalLink link{.project = as_id<ProjectTag>(row[0]),
                  .id = as_id<PortalLinkTag>(row[1]),
                  .name = as_text(row[2]),
                  .owner_id = as_text(row[3]),
                  .auth_type = as_text(row[4]),
                  .can_manage_endpoint = row[5].as<bool>(),
                  .can_see_payloads = row[6].as<bool>(),
                  .can_replay = row[8].as<bool>(),
                  .event_types = nlohmann::json::parse(as_text(row[9])).get<std::vector<std::string>>(),
                  .token_sealed = as_bytes(row[10]),
                  .created_at = as_time(row[11]),
                  .updated_at = as_time(row[12])};
  if (!row[7].is_null()) link.can_rotate_secrets = row[7].as<bool>();
  return link;
}

auto no_such_link() { return fail(Code::not_found, "portal link not found"); }

void add_endpoints(Tx& tx, const ProjectId& project, std::vector<PortalLink>& links) {
  if (links.empty()) return;
  std::map<std::string, std::vector<PortalLink*>> by_owner;
  for (auto& link : links) by_owner[link.owner_id].push_back(&link);
  TextArray owners;
  for (const auto& [owner, each] : by_owner) owners.add(owner);
  for (const auto& row : tx.exec(endpoints_sql, project, owners.take(), portal_endpoints_shown_max)) {
    const std::string owner = as_text(row[0]);
    const EndpointBrief brief{.id = as_id<EndpointTag>(row[1]),
                              .project = project,
                              .name = as_text(row[2]),
                              .url = as_text(row[3]),
                              .owner_id = owner,
                              .support_email = as_text(row[4]),
                              .status = as_text(row[5]),
                              .deleted_at = std::nullopt};
    for (auto* link : by_owner[owner]) {
      link->endpoint_count = row[6].as<int>();
      link->endpoints.push_back(brief);
    }
  }
}

Result<PortalLink> read_link(Tx& tx, const ProjectId& project, const PortalLinkId& id, bool is_locked) {
  const std::string sql = std::string(kColumns) +
                          " FROM portal_links l WHERE l.project_id = $1 AND l.id = $2 AND l.deleted_at IS NULL" +
                          (is_locked ? " FOR UPDATE" : "");
  const auto rows = tx.exec_named(is_locked ? "portal_link_lock" : "portal_link_get", sql, project, id);
  if (rows.empty()) return no_such_link();
  std::vector<PortalLink> links{link_from(rows[0])};
  add_endpoints(tx, project, links);
  return std::move(links.front());
}

Wire types_of(const PortalLink& link) {
  TextArray types;
  for (const auto& type : link.event_types) types.add(type);
  return types.take();
}

}  // namespace

Result<std::optional<PortalAccess>> find_portal_access(Tx& tx, PortalTokenKind kind, const KeyHash& hash) {
  const bool is_permanent = kind == PortalTokenKind::permanent;
  std::string sql = kColumns;
  sql += is_permanent ? ", p.organisation_id, NULL::timestamptz FROM portal_links l"
                      : ", p.organisation_id, t.expires_at FROM portal_tokens t"
                        " JOIN portal_links l ON l.project_id = t.project_id AND l.id = t.link_id";
  sql += " JOIN projects p ON p.id = l.project_id WHERE l.deleted_at IS NULL AND p.deleted_at IS NULL AND ";
  sql += is_permanent ? "l.token_hash = $1 AND l.auth_type = 'static_token'"
                      : "t.token_hash = $1 AND l.auth_type = 'refresh_token'";
  const auto rows = tx.exec_named(is_permanent ? "portal_access_static" : "portal_access_token", sql, wire_of(hash));
  if (rows.empty()) return std::nullopt;
  return PortalAccess{as_id<OrganisationTag>(rows[0][13]), link_from(rows[0]), as_optional_time(rows[0][14])};
}

Result<PortalLink> get_portal_link(Tx& tx, const ProjectId& project, const PortalLinkId& id) {
  return read_link(tx, project, id, false);
}

Result<PortalLink> lock_portal_link(Tx& tx, const ProjectId& project, const PortalLinkId& id) {
  return read_link(tx, project, id, true);
}

Result<std::vector<PortalLink>> list_portal_links(Tx& tx, const PortalLinkFilter& filter, const Keyset& keyset) {
  std::string name = "portal_link_list", sql = kColumns;
  sql += " FROM portal_links l WHERE l.project_id = $1 AND l.id BETWEEN $2 AND $3 AND l.deleted_at IS NULL";
  sql += " AND ($5 = '' OR position(lower($5) IN lower(l.name)) > 0)";
  const auto add = [&](bool is_set, const char* label, const char* condition, const char* otherwise) {
    sql += std::string(" AND ") + (is_set ? condition : otherwise);
    if (is_set) name += label;
  };
  add(!filter.owner_id.empty(), "_owner", "l.owner_id = $6", "$6 = ''");
  add(!filter.endpoints.empty(), "_endpoint",
      "l.owner_id IN (SELECT e.owner_id FROM endpoints e WHERE e.project_id = $1 AND e.id = ANY ($7::uuid[])"
      " AND e.deleted_at IS NULL)",
      "$7::uuid[] IS NOT NULL");
  sql += keyset.is_descending ? " ORDER BY l.id DESC LIMIT $4" : " ORDER BY l.id LIMIT $4";
  name += keyset.is_descending ? "_desc" : "_asc";
  UuidArray endpoints;
  for (const auto& endpoint : filter.endpoints) endpoints.add(endpoint);
  std::vector<PortalLink> links;
  for (const auto& row : tx.exec_named(name, sql, filter.project, PortalLinkId{keyset.low}, PortalLinkId{keyset.high},
                                       keyset.rows_max, filter.name_part, filter.owner_id, endpoints.take())) {
    links.push_back(link_from(row));
  }
  add_endpoints(tx, filter.project, links);
  return links;
}

Result<void> insert_portal_link(Tx& tx, const PortalLink& link) {
  tx.exec(insert_sql, link.project, link.id, link.name, link.owner_id, link.auth_type, link.can_manage_endpoint,
          link.can_see_payloads, link.can_rotate_secrets, link.can_replay, types_of(link), wire_of(link.token_hash),
          Wire{link.token_sealed}, link.created_at, link.updated_at);
  return {};
}

Result<void> update_portal_link(Tx& tx, const PortalLink& link) {
  const auto updated =
      tx.exec(update_sql, link.project, link.id, link.name, link.owner_id, link.auth_type, link.can_manage_endpoint,
              link.can_see_payloads, link.can_rotate_secrets, link.can_replay, types_of(link), link.updated_at);
  if (updated.affected_rows() == 0) return no_such_link();
  return {};
}

Result<void> delete_portal_link(Tx& tx, const ProjectId& project, const PortalLinkId& id, TimePoint now) {
  if (tx.exec(delete_sql, project, id, now).affected_rows() == 0) return no_such_link();
  tx.exec(delete_tokens_sql, project, id);
  return {};
}

Result<std::optional<PortalToken>> find_portal_token(Tx& tx, const ProjectId& project, const PortalLinkId& link,
                                                     TimePoint now) {
  const auto rows = tx.exec(token_sql, project, link, now);
  if (rows.empty()) return std::nullopt;
  return PortalToken{.sealed = as_bytes(rows[0][0]), .expires_at = as_time(rows[0][1])};
}

Result<void> insert_portal_token(Tx& tx, const PortalLink& link, const PortalToken& token, TimePoint now) {
  tx.exec(insert_token_sql, wire_of(token.hash), Wire{token.sealed}, link.project, link.id, token.expires_at);
  tx.exec(prune_tokens_sql, link.project, link.id, now, portal_tokens_per_link_max);
  return {};
}

Result<std::optional<PortalSender>> find_portal_sender(Tx& tx, const ProjectId& project) {
  const auto rows = tx.exec(sender_sql, project);
  if (rows.empty()) return std::nullopt;
  return PortalSender{as_id<ApiKeyTag>(rows[0][0]), as_bytes(rows[0][1])};
}

Result<void> save_portal_sender(Tx& tx, const ProjectId& project, const PortalSender& sender) {
  tx.exec(save_sender_sql, project, sender.key, Wire{sender.sealed});
  return {};
}

Result<std::vector<EndpointId>> list_owned_endpoints(Tx& tx, const ProjectId& project, const std::string& owner_id,
                                                     const std::vector<EndpointId>& among) {
  UuidArray asked;
  for (const auto& id : among) asked.add(id);
  std::vector<EndpointId> ids;
  for (const auto& row : tx.exec(owned_sql, project, owner_id, asked.take())) ids.push_back(as_id<EndpointTag>(row[0]));
  return ids;
}

}  // namespace fairlead::store
