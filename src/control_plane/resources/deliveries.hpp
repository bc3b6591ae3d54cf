// Deliveries and their attempts: /api/v1/projects/{project}/eventdeliveries.
#pragma once

#include "common/store/deliveries.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/http/request.hpp"

namespace fairlead::control {

struct DeliveryList {
  PageQuery page;
  store::DeliveryFilter filter;
  std::string idempotency_key;
  bool is_empty = false;  // asks for what cannot exist
};
// What the query selects, for lists, counts and retries in bulk.
[[nodiscard]] Result<DeliveryList> parse_delivery_list(const Request& request);
// An idempotency key becomes the event that it stands for.
[[nodiscard]] Result<void> resolve_key(store::Tx& tx, DeliveryList& list);

Task<Result<Response>> list_deliveries(Context& context, RequestPtr request);
Task<Result<Response>> show_delivery(Context& context, RequestPtr request);
Task<Result<Response>> list_attempts(Context& context, RequestPtr request);
Task<Result<Response>> show_attempt(Context& context, RequestPtr request);

}  // namespace fairlead::control
