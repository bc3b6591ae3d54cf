#include "common/store/event_conditions.hpp"

namespace fairlead::store {
namespace {

// Addressed so that the endpoint can be meant, matched already, and never delivered to it: neither with the event's own
// time in the id nor by a job.
std::string missing_condition(const std::string& endpoint) {
  return "(e.matched_count IS NOT NULL AND (e.endpoint_id = " + endpoint +
         " OR e.endpoint_id IS NULL AND (e.owner_id IS NULL OR e.owner_id = (SELECT n.owner_id FROM endpoints n"
         " WHERE n.project_id = $1 AND n.id = " +
         endpoint +
         "))) AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.project_id = $1 AND d.event_id = e.id"
         " AND d.endpoint_id = " +
         endpoint +
         " AND d.id BETWEEN (left(e.id::text, 13) || '-0000-0000-000000000000')::uuid"
         " AND (left(e.id::text, 13) || '-ffff-ffff-ffffffffffff')::uuid)"
         " AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.project_id = $1 AND d.event_id = e.id"
         " AND d.endpoint_id = " +
         endpoint + " AND d.job_id IS NOT NULL))";
}

// Addressed to an endpoint of the owner, or delivered to one when it came.
std::string reached_condition(const std::string& owner) {
  const auto is_owned = [&](const std::string& endpoint) {
    return "(SELECT o.owner_id FROM endpoints o WHERE o.project_id = $1 AND o.id = " + endpoint + ") = " + owner;
  };
  return "(" + is_owned("e.endpoint_id") +
         " OR EXISTS (SELECT 1 FROM deliveries d WHERE d.project_id = $1 AND d.event_id = e.id AND d.id BETWEEN"
         " (left(e.id::text, 13) || '-0000-0000-000000000000')::uuid"
         " AND (left(e.id::text, 13) || '-ffff-ffff-ffffffffffff')::uuid AND " +
         is_owned("d.endpoint_id") + "))";
}

}  // namespace

EventConditions conditions_of(const EventFilter& filter, int first) {
  const auto at = [first](int offset) { return "$" + std::to_string(first + offset); };
  EventConditions made{"", "e.received_at >= " + at(0) + " AND e.received_at < " + at(1)};
  const auto add = [&](bool is_set, const char* label, const std::string& condition, const std::string& otherwise) {
    made.sql += " AND " + (is_set ? condition : otherwise);
    if (is_set) made.label += label;
  };
  add(!filter.idempotency_key.empty(), "_key", "e.idempotency_key = " + at(2), at(2) + " = ''");
  add(!filter.owner_id.empty(), "_owner",
      "(e.owner_id = " + at(3) +
          " OR (SELECT o.owner_id FROM endpoints o WHERE o.project_id = $1 AND o.id = e.endpoint_id) = " + at(3) + ")",
      at(3) + " = ''");
  add(!filter.endpoints.empty(), "_endpoint",
      "(e.endpoint_id = ANY (" + at(4) +
          "::uuid[]) OR EXISTS (SELECT 1 FROM deliveries d WHERE d.project_id = $1 AND d.event_id = e.id"
          " AND d.endpoint_id = ANY (" +
          at(4) +
          "::uuid[]) AND d.id BETWEEN (left(e.id::text, 13) || '-0000-0000-000000000000')::uuid"
          " AND (left(e.id::text, 13) || '-ffff-ffff-ffffffffffff')::uuid))",
      at(4) + "::uuid[] IS NOT NULL");
  add(!filter.text_part.empty(), "_text",
      "(position(lower(" + at(5) + ") IN lower(e.event_type)) > 0 OR position(lower(" + at(5) +
          ") IN lower(e.idempotency_key)) > 0 OR e.id BETWEEN " + at(8) + "::uuid AND " + at(9) +
          "::uuid OR e.source_id IN (SELECT v.id FROM sources v WHERE v.project_id = $1 AND position(lower(" + at(5) +
          ") IN lower(v.name)) > 0))",
      at(5) + " = '' AND " + at(8) + "::uuid IS NOT NULL AND " + at(9) + "::uuid IS NOT NULL");
  add(filter.missing_for.has_value(), "_missing", missing_condition(at(6)), at(6) + "::uuid IS NULL");
  add(!filter.sources.empty(), "_source", "e.source_id = ANY (" + at(7) + "::uuid[])", at(7) + "::uuid[] IS NOT NULL");
  for (std::size_t part = 0; part < payload_parts_max; ++part) {
    const auto text = at(10 + static_cast<int>(part)) + "::text";
    add(part < filter.payload_parts.size(), "_payload", "payload_contains(e.body, " + text + ")", text + " IS NULL");
  }
  add(!filter.reached_owner.empty(), "_reached", reached_condition(at(12)), at(12) + " = ''");
  return made;
}

EventLists::EventLists(const EventFilter& filter) : text_low{filter.text_low}, text_high{filter.text_high} {
  for (std::size_t part = 0; part < std::min(payload.size(), filter.payload_parts.size()); ++part)
    payload[part] = filter.payload_parts[part];
  for (const auto& endpoint : filter.endpoints) endpoints.add(endpoint);
  for (const auto& source : filter.sources) sources.add(source);
}

}  // namespace fairlead::store
