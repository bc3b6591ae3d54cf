// The configuration in memory: immutable, shared, replaced whole by a refresh. Ingest authenticates and matches against
// it, delivery reads endpoints from it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/config.hpp"
#include "common/store/config_snapshot.hpp"
#include "data_plane/match/sharded_map.hpp"

namespace fairlead::match {

using EndpointPtr = std::shared_ptr<const EndpointConfig>;
using SubscriptionPtr = std::shared_ptr<const SubscriptionConfig>;
using SubscriptionList = std::vector<SubscriptionPtr>;  // by subscription id

// One project: its settings, and indexes that make matching cost what matches, not what exists.
struct ProjectView {
  ProjectId id;
  OrganisationId organisation;
  std::int64_t version = 0;  // projects.config_version that this view holds
  ProjectSettings settings;
  ShardedMap<EndpointId, EndpointPtr> endpoints;
  ShardedMap<SubscriptionId, SubscriptionPtr> subscriptions;
  ShardedMap<EndpointId, SubscriptionList> by_endpoint;
  ShardedMap<std::string, SubscriptionList> by_pattern;  // "invoice.paid", "invoice.*", "*"
  ShardedMap<std::string, std::vector<EndpointId>> by_owner;

  [[nodiscard]] EndpointPtr find_endpoint(const EndpointId& endpoint) const {
    const auto* found = endpoints.find(endpoint);
    return found == nullptr ? nullptr : *found;
  }
  [[nodiscard]] SubscriptionPtr find_subscription(const SubscriptionId& subscription) const {
    const auto* found = subscriptions.find(subscription);
    return found == nullptr ? nullptr : *found;
  }
};
using ProjectPtr = std::shared_ptr<const ProjectView>;

struct KeyHashHash {
  std::size_t operator()(const KeyHash& hash) const {
    std::size_t head = 0;
    std::memcpy(&head, hash.data(), sizeof head);
    return head;
  }
};

struct Snapshot {
  std::int64_t version = 0;  // config_counter that it holds
  std::unordered_map<ProjectId, ProjectPtr> projects;
  std::unordered_map<KeyHash, ApiKeyConfig, KeyHashHash> keys;
  std::unordered_map<ApiKeyId, KeyHash> key_hashes;

  [[nodiscard]] ProjectPtr find_project(const ProjectId& id) const {
    const auto found = projects.find(id);
    return found == projects.end() ? nullptr : found->second;
  }
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// The snapshot with these changes; `base` stays as it is.
[[nodiscard]] SnapshotPtr apply_changes(const Snapshot& base, const store::ConfigChanges& changes);

struct Match {
  SubscriptionPtr subscription;
  EndpointPtr endpoint;
};
// What a producer addressed: an endpoint, all endpoints of an owner, or neither (a broadcast).
struct Target {
  std::optional<EndpointId> endpoint;
  std::string owner_id;
};
// Every matching subscription, by subscription id; of a broadcast one per endpoint, its lowest. The cost grows with
// what the target and the event type select.
[[nodiscard]] std::vector<Match> find_matches(const ProjectView& project, const Target& target,
                                              std::string_view event_type);

}  // namespace fairlead::match
