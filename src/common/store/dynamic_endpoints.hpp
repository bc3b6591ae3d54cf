// Endpoints that a producer names by URL. The data plane may not write configuration: making one goes through a
// function of the database.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/store/db.hpp"
#include "common/store/endpoints.hpp"

namespace fairlead::store {

struct DynamicWish {
  ProjectId project;
  std::string url;
  std::vector<std::string> event_types;  // of the endpoint's first subscription; empty: any will do
};

struct DynamicPlace {
  EndpointId endpoint;
  bool is_settled = false;  // it is subscribed, with the event types that were asked for
};

// The living endpoint with exactly this URL, the oldest of several.
[[nodiscard]] Result<std::optional<DynamicPlace>> find_dynamic_endpoint(Tx& tx, const DynamicWish& wish);

// What is used if the endpoint, or its subscription, has to be made.
struct DynamicParts {
  EndpointId endpoint;
  SubscriptionId subscription;
  StoredSecret secret;  // sealed for `endpoint`
};
// Makes what the wish is short of; of several callers with one URL, one makes it. Nothing: the project is gone, or
// takes https only. Run it autocommit.
[[nodiscard]] Result<std::optional<EndpointId>> ensure_dynamic_endpoint(Tx& tx, const DynamicWish& wish,
                                                                        const DynamicParts& parts);

}  // namespace fairlead::store
