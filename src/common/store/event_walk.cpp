#include "common/store/event_walk.hpp"

#include <algorithm>

#include "common/store/event_conditions.hpp"
#include "common/store/owned_endpoints.hpp"

namespace fairlead::store {
namespace {

constexpr int kWindow = 400;         // looked at first, where a candidate need not be a hit
constexpr int kPayloadWindow = 250;  // where payloads are parsed for it

// Where the candidates come from. `reached`: the deliveries of endpoints ($19) tell their events, but for those that
// were addressed to one of them, or to the owner, and matched nothing.
enum class Origin { everything, key, sources, reached };
struct Stream {
  Origin origin = Origin::everything;
  std::vector<EndpointId> endpoints;
  bool has_owner = false;  // what was addressed to the owner, too
  bool is_empty = false;
  bool is_exact = false;  // every candidate is a hit, but for its time
};

Stream stream_of(Tx& tx, const EventFilter& filter) {
  Stream stream;
  if (!filter.idempotency_key.empty()) {
    stream.origin = Origin::key;
  } else if (!filter.sources.empty()) {
    stream.origin = Origin::sources;
  } else if (!filter.endpoints.empty() || !filter.owner_id.empty() || !filter.reached_owner.empty()) {
    stream.endpoints = filter.endpoints;
    const auto& owner = filter.owner_id.empty() ? filter.reached_owner : filter.owner_id;
    if (stream.endpoints.empty()) stream.endpoints = list_few_owned(tx, filter.project, owner);
    std::ranges::sort(stream.endpoints);
    stream.endpoints.erase(std::ranges::unique(stream.endpoints).begin(), stream.endpoints.end());
    stream.is_empty = stream.endpoints.empty() && filter.owner_id.empty();
    if (stream.endpoints.size() <= few_endpoints_max) stream.origin = Origin::reached;
    stream.has_owner = filter.endpoints.empty() && !filter.owner_id.empty();
  }
  const int narrowing = !filter.sources.empty() + !filter.endpoints.empty() + !filter.owner_id.empty() +
                        !filter.reached_owner.empty() + !filter.idempotency_key.empty();
  stream.is_exact = narrowing == (stream.origin == Origin::everything ? 0 : 1) && filter.text_part.empty() &&
                    filter.payload_parts.empty() && !filter.missing_for;
  return stream;
}

struct Named {
  std::string name, sql;
};

// Each value's own slice first: only an equality lets an index give it in order.
std::string slice_of(const std::string& from, const std::string& values, const std::string& order,
                     const std::string& low = "$2", const std::string& high = "$3") {
  return "SELECT i.id FROM " + values + " CROSS JOIN LATERAL (SELECT v.id FROM " + from + " AND v.id BETWEEN " + low +
         " AND " + high + " ORDER BY v.id " + order + " LIMIT $4) i";
}
constexpr const char* kUndelivered =
    "events v WHERE v.project_id = $1 AND v.endpoint_id = s.id AND coalesce(v.matched_count, 0) = 0";
constexpr const char* kOfOwner = "events v WHERE v.project_id = $1 AND v.owner_id = s.id";
constexpr const char* kDelivered = "deliveries v WHERE v.project_id = $1 AND v.endpoint_id = s.id";

// The $4th candidate of reached endpoints, delivery or event: parameters $5 endpoints, $6 owner, $7 and $8 the
// deliveries' bounds.
Named boundary_statement(bool has_owner, bool is_descending) {
  const std::string order = is_descending ? "DESC" : "ASC", values = "unnest($5::uuid[]) s(id)";
  std::string sql = "SELECT x.id FROM (" + slice_of(kDelivered, values, order, "$7", "$8") + " UNION ALL " +
                    slice_of(kUndelivered, values, order);
  if (has_owner) sql += " UNION ALL " + slice_of(kOfOwner, "(SELECT $6::text) s(id)", order);
  sql += ") x WHERE $6::text IS NOT NULL ORDER BY x.id " + order + " OFFSET $4 - 1 LIMIT 1";
  return {"event_walk_boundary_" + order + (has_owner ? "_owner" : ""), sql};
}

std::string reached_ids(bool has_owner) {
  const auto all_of = [](const std::string& from, const std::string& values, const std::string& column) {
    return "SELECT i.id FROM " + values + " CROSS JOIN LATERAL (SELECT v." + column + " AS id FROM " + from;
  };
  std::string sql = all_of(kDelivered, "unnest($19::uuid[]) s(id)", "event_id") +
                    " AND v.id BETWEEN $20 AND $21 AND v.job_id IS NULL AND v.event_id BETWEEN $2 AND $3) i UNION " +
                    all_of(kUndelivered, "unnest($19::uuid[]) s(id)", "id") + " AND v.id BETWEEN $2 AND $3) i";
  if (has_owner)
    sql += " UNION " + all_of(kOfOwner, "(SELECT $9::text) s(id)", "id") + " AND v.id BETWEEN $2 AND $3) i";
  return sql;
}

// What the candidates are yet to be asked.
EventFilter rest_of(EventFilter filter, const Stream& stream) {
  if (stream.origin != Origin::reached) return filter;
  if (!filter.endpoints.empty())
    filter.endpoints.clear();
  else if (!stream.has_owner)
    filter.reached_owner.clear();
  return filter;
}

Named step_statement(const EventFilter& filter, const Stream& stream, bool is_descending) {
  const std::string order = is_descending ? "DESC" : "ASC";
  const auto conditions = conditions_of(filter, 6);
  const std::string hit = "SELECT e.id, (" + conditions.sql +
                          " AND $19::uuid[] IS NOT NULL AND $20::uuid IS NOT NULL AND $21::uuid IS NOT NULL) AS is_hit "
                          "FROM ";
  std::string name = "event_walk_" + order + conditions.label;
  if (stream.origin == Origin::reached) name += stream.has_owner ? "_of_owner" : "_of_endpoints";
  const std::string within = "events e WHERE e.project_id = $1 AND e.id BETWEEN $2 AND $3";
  const auto by_ids = [&](const std::string& ids) {
    return Named{name, walk_step_sql(hit + "(" + ids +
                                         ") x CROSS JOIN LATERAL (SELECT v.* FROM events v"
                                         " WHERE v.project_id = $1 AND v.id = x.id LIMIT 1) e",
                                     is_descending)};
  };
  switch (stream.origin) {
    case Origin::everything:
      break;
    case Origin::key:
      return {name, walk_step_sql(hit + within + " AND e.idempotency_key = $8", is_descending)};
    case Origin::sources:
      return by_ids("SELECT y.id FROM (" +
                    slice_of("events v WHERE v.project_id = $1 AND v.source_id = s.id",
                             "(SELECT DISTINCT u.id FROM unnest($13::uuid[]) u(id)) s", order) +
                    ") y ORDER BY y.id " + order + " LIMIT $4");
    case Origin::reached:
      return by_ids(reached_ids(stream.has_owner));
  }
  return {name, walk_step_sql(hit + within, is_descending)};
}

UuidArray array_of(const std::vector<EndpointId>& ids) {
  UuidArray array;
  for (const auto& id : ids) array.add(id);
  return array;
}

// A reached endpoint's events are those of its deliveries, whose ids share only the millisecond: a step ends between
// two milliseconds. Gives its other end, or nothing if the step takes all that is left.
std::optional<IdBytes> boundary_of(Tx& tx, const EventFilter& filter, const Stream& stream, const WalkStep& range) {
  const auto [name, sql] = boundary_statement(stream.has_owner, range.is_descending);
  const auto rows =
      tx.exec_named(name, sql, filter.project, EventId{range.low}, EventId{range.high}, range.window,
                    array_of(stream.endpoints).take(), filter.owner_id, DeliveryId{ids_of_same_time(range.low).low},
                    DeliveryId{ids_of_same_time(range.high).high});
  if (rows.empty()) return std::nullopt;
  const auto same = ids_of_same_time(as_id<DeliveryTag>(rows[0][0]).bytes);
  return range.is_descending ? same.low : same.high;
}

int first_window(const EventFilter& filter, const Stream& stream, const Keyset& keyset) {
  const int page = std::max(2 * keyset.rows_max, 64);
  if (stream.is_exact || stream.origin == Origin::key) return page;
  const int window = filter.payload_parts.empty() ? kWindow : kPayloadWindow;
  return std::max(page, window / static_cast<int>(std::max<std::size_t>(1, stream.endpoints.size())));
}

}  // namespace

Result<Walk<IdBytes>> walk_events(Tx& tx, const EventFilter& whole, const Keyset& keyset) {
  const auto stream = stream_of(tx, whole);
  const auto filter = rest_of(whole, stream);
  if (stream.is_empty) return Walk<IdBytes>{};
  const auto [name, sql] = step_statement(filter, stream, keyset.is_descending);
  const auto step = [&](WalkStep range) -> Result<WalkFound> {
    std::optional<IdBytes> boundary;
    if (stream.origin == Origin::reached) {
      boundary = boundary_of(tx, filter, stream, range);
      range.window = std::numeric_limits<int>::max();
      if (boundary && range.is_descending) range.low = std::max(range.low, *boundary);
      if (boundary && !range.is_descending) range.high = std::min(range.high, *boundary);
    }
    EventLists lists(filter);
    auto found = walk_found(
        tx.exec_named(name, sql, filter.project, EventId{range.low}, EventId{range.high}, range.window, range.rows_max,
                      filter.start, filter.end, filter.idempotency_key, filter.owner_id, lists.endpoints.take(),
                      filter.text_part, filter.missing_for, lists.sources.take(), lists.text_low, lists.text_high,
                      lists.payload[0], lists.payload[1], filter.reached_owner, array_of(stream.endpoints).take(),
                      DeliveryId{ids_of_same_time(range.low).low}, DeliveryId{ids_of_same_time(range.high).high}));
    if (boundary) {
      found.is_end = false;
      found.last = *boundary;
    }
    return found;
  };
  return walk_ids(keyset, first_window(filter, stream, keyset), step);
}

}  // namespace fairlead::store
