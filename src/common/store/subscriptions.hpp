// Subscriptions as the management API sees them, each with what a client wants to know of its endpoint.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/domain/filter.hpp"
#include "common/store/db.hpp"
#include "common/store/keyset.hpp"
#include "common/store/sources.hpp"

namespace fairlead::store {

// The part of an endpoint that other objects carry along.
struct EndpointBrief {
  EndpointId id;
  ProjectId project;
  std::string name;
  std::string url;
  std::string owner_id;
  std::string support_email;
  std::string status;
  std::optional<TimePoint> deleted_at;
};

struct SubscriptionRetry {
  std::string type;  // linear, exponential
  int interval_seconds = 0;
  int retry_count = 0;
};

// When somebody is to be told that deliveries fail.
struct SubscriptionAlert {
  int count = 0;
  std::string threshold;  // a duration in Go's notation, as it was given
};

struct SubscriptionRateLimit {
  int count = 0;
  int duration_seconds = 0;
};

struct Subscription {
  ProjectId project;
  SubscriptionId id;
  EndpointId endpoint;
  std::optional<SourceId> source;  // none: it selects what producers send
  std::string name;
  std::vector<std::string> event_types;
  std::string delivery_mode = "at_least_once";
  std::optional<SubscriptionRetry> retry;
  // Kept and shown; deliveries do not heed them yet.
  std::optional<std::string> function;  // JavaScript that compiles
  std::optional<SubscriptionAlert> alert;
  std::optional<SubscriptionRateLimit> rate_limit;
  TimePoint created_at;
  TimePoint updated_at;
  EndpointBrief endpoint_brief;             // read only
  std::optional<SourceBrief> source_brief;  // read only
  FilterText filter;                        // read only: of its first event type (store/filters)
};

struct SubscriptionFilter {
  ProjectId project;
  std::vector<EndpointId> endpoints;  // empty: any
  std::string owner_id;               // of the endpoint; empty: any
  std::string name_part;              // case-insensitive; empty: any
};

// The living subscription, or Code::not_found.
[[nodiscard]] Result<Subscription> get_subscription(Tx& tx, const ProjectId& project, const SubscriptionId& id);
[[nodiscard]] Result<std::vector<Subscription>> list_subscriptions(Tx& tx, const SubscriptionFilter& filter,
                                                                   const Keyset& keyset);
// Whether a living subscription other than `except` uses the endpoint.
[[nodiscard]] Result<bool> is_endpoint_subscribed(Tx& tx, const ProjectId& project, const EndpointId& endpoint,
                                                  const SubscriptionId& except);
// Follow begin_project_change, whose number they take.
[[nodiscard]] Result<void> insert_subscription(Tx& tx, const Subscription& subscription, std::int64_t version);
[[nodiscard]] Result<void> update_subscription(Tx& tx, const Subscription& subscription, std::int64_t version);
// A tombstone. Code::not_found if there is none.
[[nodiscard]] Result<void> delete_subscription(Tx& tx, const ProjectId& project, const SubscriptionId& id,
                                               std::int64_t version, TimePoint now);

}  // namespace fairlead::store
