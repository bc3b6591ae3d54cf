#include "common/store/delivery_walk.hpp"

#include <algorithm>

#include "common/store/delivery_conditions.hpp"
#include "common/store/owned_endpoints.hpp"

namespace fairlead::store {
namespace {

constexpr int kWindow = 400;      // looked at first, where a candidate need not be a hit
constexpr int kQueuedMax = 5000;  // of a longer queue, a list of what waits looks at all deliveries instead

constexpr Statement former_sql{"subscription_endpoints", R"sql(
  SELECT CASE WHEN s.former_endpoints IS NOT NULL THEN array_to_string(s.former_endpoints || s.endpoint_id, ',') END
    FROM subscriptions s WHERE s.project_id = $1 AND s.id = $2)sql"};
constexpr Statement queued_sql{"queue_of_project", R"sql(
  SELECT count(*), array_to_string(array_agg(q.delivery_id) FILTER (WHERE q.project_id = $1), ',')
    FROM (SELECT k.project_id, k.delivery_id FROM queue k
           ORDER BY k.lane, k.endpoint_id, k.due_at, k.delivery_id, k.project_id LIMIT $2) q)sql"};

// Where the candidates come from. Parameters $14 endpoints, $15 troubles, $16 ids of what waits.
enum class Origin { everything, event, endpoints, troubles, endpoint_troubles };
struct Stream {
  Origin origin = Origin::everything;
  std::vector<EndpointId> endpoints;
  std::vector<DeliveryStatus> troubles;
  std::optional<std::vector<DeliveryId>> queued;
  bool is_empty = false;
  bool is_exact = false;  // every candidate is a hit, but for its time
};

// The few endpoints that the filter's deliveries can have gone to; none: any.
Result<void> narrow_endpoints(Tx& tx, const DeliveryFilter& filter, Stream& stream) {
  stream.endpoints = filter.endpoints;
  if (stream.endpoints.empty() && filter.subscription) {
    const auto rows = tx.exec(former_sql, filter.project, *filter.subscription);
    stream.is_empty = rows.empty();
    if (!rows.empty()) stream.endpoints = as_ids<EndpointTag>(rows[0][0]);
  } else if (stream.endpoints.empty() && !filter.owner_id.empty()) {
    stream.endpoints = list_few_owned(tx, filter.project, filter.owner_id);
    stream.is_empty = stream.endpoints.empty();
  }
  std::ranges::sort(stream.endpoints);
  stream.endpoints.erase(std::ranges::unique(stream.endpoints).begin(), stream.endpoints.end());
  if (stream.endpoints.size() > few_endpoints_max) stream.endpoints.clear();
  return {};
}

// What did not simply succeed is in indexes of its own, and what waits is in the queue.
void narrow_statuses(Tx& tx, const DeliveryFilter& filter, Stream& stream) {
  const auto has = [&](DeliveryStatus status) {
    return std::ranges::find(filter.statuses, status) != filter.statuses.end();
  };
  if (filter.statuses.empty() || has(DeliveryStatus::success)) return;
  if (has(DeliveryStatus::scheduled)) {
    const auto rows = tx.exec(queued_sql, filter.project, kQueuedMax + 1);
    if (rows[0][0].as<int>() > kQueuedMax) return;
    stream.queued = as_ids<DeliveryTag>(rows[0][1]);
  }
  for (const auto status : {DeliveryStatus::retry, DeliveryStatus::failure, DeliveryStatus::discarded}) {
    if (has(status)) stream.troubles.push_back(status);
  }
  stream.origin = stream.endpoints.empty() ? Origin::troubles : Origin::endpoint_troubles;
}

Result<Stream> stream_of(Tx& tx, const DeliveryFilter& filter) {
  Stream stream;
  if (filter.event) {
    stream.origin = Origin::event;
    return stream;
  }
  FL_TRY_VOID(narrow_endpoints(tx, filter, stream));
  stream.origin = stream.endpoints.empty() ? Origin::everything : Origin::endpoints;
  narrow_statuses(tx, filter, stream);
  const bool has_either = filter.endpoints.empty() || filter.owner_id.empty();
  const bool has_neither = filter.endpoints.empty() && filter.owner_id.empty();
  const bool are_endpoints_exact = stream.endpoints.empty() ? has_neither : has_either;
  const bool are_statuses_exact =
      filter.statuses.empty() ||
      ((stream.origin == Origin::troubles || stream.origin == Origin::endpoint_troubles) && !stream.queued.has_value());
  stream.is_exact = are_endpoints_exact && are_statuses_exact && !filter.subscription && filter.event_type.empty();
  return stream;
}

// Each value's own slice first: only equalities let an index give them in order.
std::string slices_sql(const Stream& stream, const std::string& order) {
  std::string values = "unnest($14::uuid[]) s(endpoint_id)", where = " AND v.endpoint_id = s.endpoint_id";
  if (stream.origin == Origin::troubles) {
    values = "unnest($15::smallint[]) t(trouble)";
    where = " AND v.trouble = t.trouble";
  } else if (stream.origin == Origin::endpoint_troubles) {
    values += " CROSS JOIN unnest($15::smallint[]) t(trouble)";
    where += " AND v.trouble = t.trouble";
  }
  return "SELECT i.id FROM " + values +
         " CROSS JOIN LATERAL (SELECT v.id FROM deliveries v WHERE v.project_id = $1 AND v.id BETWEEN $2 AND $3" +
         where + " ORDER BY v.id " + order + " LIMIT $4) i";
}

struct Named {
  std::string name, sql;
};
Named step_statement(const DeliveryFilter& filter, const Stream& stream, bool is_descending) {
  static constexpr const char* kLabels[] = {"", "_of_event", "_by_endpoint", "_by_trouble", "_by_endpoint_trouble"};
  const std::string order = is_descending ? "DESC" : "ASC";
  const auto conditions = conditions_of(filter, 6);
  const std::string hit = "SELECT d.id, (" + conditions.sql +
                          " AND $14::uuid[] IS NOT NULL AND $15::smallint[] IS NOT NULL AND $16::uuid[] IS NOT NULL)"
                          " AS is_hit FROM ";
  std::string name = "delivery_walk_" + order + kLabels[static_cast<std::size_t>(stream.origin)] + conditions.label;
  if (stream.origin == Origin::everything) {
    return {name,
            walk_step_sql(hit + "deliveries d WHERE d.project_id = $1 AND d.id BETWEEN $2 AND $3", is_descending)};
  }
  std::string ids =
      stream.origin == Origin::event ? deliveries_of_event_sql("v.id", "$9", "$2", "$3") : slices_sql(stream, order);
  if (stream.queued) {
    name += "_queued";
    ids += " UNION SELECT q.id FROM unnest($16::uuid[]) q(id) WHERE q.id BETWEEN $2 AND $3";
  }
  return {name, walk_step_sql(hit + "(SELECT y.id FROM (" + ids + ") y ORDER BY y.id " + order +
                                  " LIMIT $4) x CROSS JOIN LATERAL (SELECT v.* FROM deliveries v"
                                  " WHERE v.project_id = $1 AND v.id = x.id LIMIT 1) d",
                              is_descending)};
}

int first_window(const Stream& stream, const Keyset& keyset) {
  const int page = std::max(2 * keyset.rows_max, 64);
  if (stream.is_exact || stream.origin == Origin::event) return page;
  const auto slices =
      std::max<std::size_t>(1, stream.endpoints.size()) * std::max<std::size_t>(1, stream.troubles.size());
  return std::max(page, kWindow / static_cast<int>(slices));
}

}  // namespace

Result<Walk<IdBytes>> walk_deliveries(Tx& tx, const DeliveryFilter& filter, const Keyset& keyset) {
  FL_TRY(const auto stream, stream_of(tx, filter));
  if (stream.is_empty) return Walk<IdBytes>{};
  const auto [name, sql] = step_statement(filter, stream, keyset.is_descending);
  const auto step = [&](const WalkStep& range) -> Result<WalkFound> {
    DeliveryLists lists(filter);
    UuidArray endpoints, queued;
    Int2Array troubles;
    for (const auto& id : stream.endpoints) endpoints.add(id);
    for (const auto status : stream.troubles) troubles.add(static_cast<std::int16_t>(status));
    for (const auto& id : stream.queued.value_or(std::vector<DeliveryId>{})) queued.add(id);
    return walk_found(tx.exec_named(name, sql, filter.project, DeliveryId{range.low}, DeliveryId{range.high},
                                    range.window, range.rows_max, filter.start, filter.end, lists.endpoints.take(),
                                    filter.event, filter.subscription, lists.statuses.take(), filter.event_type,
                                    filter.owner_id, endpoints.take(), troubles.take(), queued.take()));
  };
  return walk_ids(keyset, first_window(stream, keyset), step);
}

}  // namespace fairlead::store
