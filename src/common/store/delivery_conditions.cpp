#include "common/store/delivery_conditions.hpp"

namespace fairlead::store {

DeliveryConditions conditions_of(const DeliveryFilter& filter, int first) {
  const auto at = [first](int offset) { return "$" + std::to_string(first + offset); };
  DeliveryConditions made{"", "d.created_at >= " + at(0) + " AND d.created_at < " + at(1)};
  const auto add = [&](bool is_set, const char* label, const std::string& condition, const std::string& otherwise) {
    made.sql += " AND " + (is_set ? condition : otherwise);
    if (is_set) made.label += label;
  };
  add(!filter.endpoints.empty(), "_endpoint", "d.endpoint_id = ANY (" + at(2) + "::uuid[])",
      at(2) + "::uuid[] IS NOT NULL");
  add(filter.event.has_value(), "_event", "d.event_id = " + at(3) + "::uuid", at(3) + "::uuid IS NULL");
  add(filter.subscription.has_value(), "_subscription", "d.subscription_id = " + at(4) + "::uuid",
      at(4) + "::uuid IS NULL");
  add(!filter.statuses.empty(), "_status", "d.status = ANY (" + at(5) + "::smallint[])",
      at(5) + "::smallint[] IS NOT NULL");
  add(!filter.event_type.empty(), "_type",
      "(SELECT e.event_type FROM events e WHERE e.project_id = $1 AND e.id = d.event_id LIMIT 1) = " + at(6),
      at(6) + " = ''");
  add(!filter.owner_id.empty(), "_owner",
      "(SELECT o.owner_id FROM endpoints o WHERE o.project_id = $1 AND o.id = d.endpoint_id) = " + at(7),
      at(7) + " = ''");
  return made;
}

DeliveryLists::DeliveryLists(const DeliveryFilter& filter) {
  for (const auto& endpoint : filter.endpoints) endpoints.add(endpoint);
  for (const auto status : filter.statuses) statuses.add(static_cast<std::int16_t>(status));
}

std::string deliveries_of_event_sql(const std::string& columns, const std::string& event, const std::string& low,
                                    const std::string& high) {
  const std::string begin = "SELECT " + columns +
                            " FROM deliveries v WHERE v.project_id = $1 AND v.event_id = " + event +
                            "::uuid AND v.id BETWEEN " + low + " AND " + high;
  return begin + " AND v.job_id IS NULL AND v.id BETWEEN (left(" + event +
         "::uuid::text, 13) || '-0000-0000-000000000000')::uuid AND (left(" + event +
         "::uuid::text, 13) || '-ffff-ffff-ffffffffffff')::uuid UNION ALL " + begin + " AND v.job_id IS NOT NULL";
}

}  // namespace fairlead::store
