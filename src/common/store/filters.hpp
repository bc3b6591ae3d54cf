// The filters of subscriptions: as the management API sees them, and as the data plane reads them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/domain/filter_set.hpp"
#include "common/store/db.hpp"

namespace fairlead::store {

struct FilterRow {
  ProjectId project;
  FilterId id;
  SubscriptionId subscription;
  std::string event_type;
  std::optional<TimePoint> enabled_at;  // none: disabled
  FilterText text;
  TimePoint created_at;
  TimePoint updated_at;
};

inline constexpr int filters_listed_max = 2000;  // of one subscription

// Of one subscription, oldest first, at most filters_listed_max.
[[nodiscard]] Result<std::vector<FilterRow>> list_filters(Tx& tx, const ProjectId& project,
                                                          const SubscriptionId& subscription);
// Of several subscriptions, by subscription and age.
[[nodiscard]] Result<std::vector<FilterRow>> list_filters_of(Tx& tx, const ProjectId& project,
                                                             const std::vector<SubscriptionId>& subscriptions);
// Code::not_found also if the filter is another subscription's.
[[nodiscard]] Result<FilterRow> get_filter(Tx& tx, const ProjectId& project, const SubscriptionId& subscription,
                                           const FilterId& id);
// Follow begin_project_change, whose number they take. False: the subscription has a filter of that type already.
[[nodiscard]] Result<bool> insert_filter(Tx& tx, const FilterRow& filter, std::int64_t version);
[[nodiscard]] Result<bool> update_filter(Tx& tx, const FilterRow& filter, std::int64_t version);
// A tombstone. Code::not_found if there is none.
[[nodiscard]] Result<void> delete_filter(Tx& tx, const FilterRow& filter, std::int64_t version, TimePoint now);
// Tombstones for all of the subscription's.
[[nodiscard]] Result<void> delete_filters(Tx& tx, const ProjectId& project, const SubscriptionId& subscription,
                                          std::int64_t version, TimePoint now);
// Whether the project's catalogue has an event type of that name.
[[nodiscard]] Result<bool> has_event_type(Tx& tx, const ProjectId& project, const std::string& name);

// What an event was addressed to.
struct EventTarget {
  std::optional<EndpointId> endpoint;
  std::string owner_id;            // all endpoints of an owner; empty, and no endpoint: a broadcast
  std::optional<SourceId> source;  // that it came in through
};
// Code::not_found if the project has no such event.
[[nodiscard]] Result<EventTarget> get_event_target(Tx& tx, const ProjectId& project, const EventId& event);

struct FilterChange {
  ProjectId project;
  SubscriptionId subscription;
  bool is_deleted = false;
  TypeFilter filter;  // compiled
};
// Everything newer than `since` (0: everything that lives), for the data plane's snapshot.
[[nodiscard]] std::vector<FilterChange> read_filter_changes(Tx& tx, std::int64_t since);

}  // namespace fairlead::store
