#include "common/store/dynamic_endpoints.hpp"

#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

constexpr Statement find_sql{"dynamic_endpoint_find", R"sql(
  SELECT e.id, s.id IS NOT NULL AND (cardinality($3::text[]) = 0 OR s.event_types = $3::text[])
    FROM (SELECT id FROM endpoints
           WHERE project_id = $1 AND md5(url) = md5($2) AND url = $2 AND deleted_at IS NULL ORDER BY id LIMIT 1) e
    LEFT JOIN LATERAL (SELECT id, event_types FROM subscriptions
                        WHERE project_id = $1 AND endpoint_id = e.id AND deleted_at IS NULL ORDER BY id LIMIT 1) s ON true
)sql"};
// An endpoint with the id that was offered is one that was made.
constexpr Statement ensure_sql{"dynamic_endpoint_ensure", R"sql(
  SELECT e.id, CASE WHEN e.id = $4 THEN tell_of_endpoint($1, e.id, 'endpoint.created') END
    FROM (SELECT ensure_dynamic_endpoint($1, $2, $3, $4, $5, $6) AS id) e)sql"};

Wire array_of(const std::vector<std::string>& texts) {
  TextArray list;
  for (const auto& text : texts) list.add(text);
  return list.take();
}

}  // namespace

Result<std::optional<DynamicPlace>> find_dynamic_endpoint(Tx& tx, const DynamicWish& wish) {
  const auto rows = tx.exec(find_sql, wish.project, wish.url, array_of(wish.event_types));
  if (rows.empty()) return std::nullopt;
  return DynamicPlace{as_id<EndpointTag>(rows[0][0]), rows[0][1].as<bool>()};
}

Result<std::optional<EndpointId>> ensure_dynamic_endpoint(Tx& tx, const DynamicWish& wish, const DynamicParts& parts) {
  const auto rows = tx.exec(ensure_sql, wish.project, wish.url, array_of(wish.event_types), parts.endpoint,
                            secrets_to_json({parts.secret}), parts.subscription);
  return as_optional_id<EndpointTag>(rows[0][0]);
}

}  // namespace fairlead::store
