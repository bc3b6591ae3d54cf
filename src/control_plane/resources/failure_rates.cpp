#include "control_plane/resources/failure_rates.hpp"

#include <algorithm>

#include "common/store/failure_rates.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/services/owner_scope.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kEndpointsMax = 100;
constexpr std::chrono::seconds kPatience{2};

// The first distinct ones, in the order of the request; what is no id is as unknown as a random one.
std::vector<std::string> endpoints_of(const Query& query) {
  std::vector<std::string> asked;
  for (const auto& text : query.all("endpointId")) {
    if (asked.size() < kEndpointsMax && std::ranges::find(asked, text) == asked.end()) asked.push_back(text);
  }
  return asked;
}

// `counts`: null if the time did not suffice.
void write_rate(JsonWriter& json, const std::string& id, const store::EndpointOutcomes* counts) {
  json.begin_object().field("uid", id);
  const auto total = counts == nullptr ? 0 : counts->success + counts->failure + counts->retry;
  if (total == 0)
    json.field("period_failure_rate", nullptr);
  else
    json.field("period_failure_rate",
               static_cast<double>(counts->failure + counts->retry) / static_cast<double>(total));
  const auto write = [&](const char* name, std::int64_t store::EndpointOutcomes::* member) {
    counts == nullptr ? json.field(name, nullptr) : json.field(name, counts->*member);
  };
  write("success_count", &store::EndpointOutcomes::success);
  write("failure_count", &store::EndpointOutcomes::failure);
  write("retry_count", &store::EndpointOutcomes::retry);
  json.end_object();
}

}  // namespace

// GET …: 200 with one entry an endpoint, in the order asked. After two seconds of counting everything is null.
Task<Result<Response>> list_failure_rates(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto dates, parse_dates(request->query, wall_now()));
  PageQuery ids;
  narrow_to(ids, dates);
  const store::OutcomePeriod period{.project = request->project(),
                                    .low = ids.low,
                                    .high = ids.high,
                                    .start = dates.start,
                                    .end = dates.end,
                                    .patience = kPatience};
  const auto asked = endpoints_of(request->query);
  std::vector<EndpointId> endpoints;
  for (const auto& text : asked) {
    if (const auto id = parse_id<EndpointTag>(text)) endpoints.push_back(*id);
  }
  Result<std::vector<store::EndpointOutcomes>> counted;
  const auto count = [period, endpoints, owner = request->caller.owner_id()](
                         store::Tx& tx) -> Result<std::vector<store::EndpointOutcomes>> {
    auto reached = endpoints;
    FL_TRY(const bool has_any, narrow_to_owner(tx, period.project, owner, reached));
    if (!has_any) return std::vector<store::EndpointOutcomes>{};
    return store::count_outcomes(tx, period, reached);
  };
  if (!endpoints.empty()) counted = co_await context.lists.run(store::TxKind::snapshot, count);
  if (!counted && counted.error().reason != "database_busy") co_return std::unexpected(counted.error());
  JsonWriter json;
  json.begin_array();
  const store::EndpointOutcomes none;
  for (const auto& text : asked) {
    const store::EndpointOutcomes* counts = counted ? &none : nullptr;
    const auto id = parse_id<EndpointTag>(text);
    if (counted && id) {
      const auto found = std::ranges::find(*counted, *id, &store::EndpointOutcomes::endpoint);
      if (found != counted->end()) counts = &*found;
    }
    write_rate(json, text, counts);
  }
  co_return net::success(net::http::status::ok, "Failure rates", json.end_array().take());
}

}  // namespace fairlead::control
