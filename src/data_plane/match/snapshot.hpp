// The configuration in memory: immutable, shared, replaced whole by a refresh. Ingest authenticates and matches against
// it, delivery reads endpoints from it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/config.hpp"
#include "common/domain/filter_set.hpp"
#include "common/store/api_keys.hpp"
#include "common/store/config_snapshot.hpp"
#include "data_plane/match/sharded_map.hpp"

namespace fairlead::match {

using EndpointPtr = std::shared_ptr<const EndpointConfig>;
using SubscriptionPtr = std::shared_ptr<const SubscriptionConfig>;
using SourcePtr = std::shared_ptr<const SourceConfig>;
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
  // By pattern_key() of "invoice.paid", "invoice.*", "*"; without those that are in by_value.
  ShardedMap<std::string, SubscriptionList> by_pattern;
  // Those whose filter requires one of few values at a key of the body, by value_index_key().
  ShardedMap<std::string, SubscriptionList> by_value;
  // Of every pattern_key() the keys of the body that by_value goes by, and how many subscriptions do.
  ShardedMap<std::string, std::map<std::string, std::size_t>> indexed_keys;
  std::size_t filtered_count = 0;  // subscriptions with filters
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
  ShardedMap<std::string, SourcePtr> sources;  // by mask
  ShardedMap<SourceId, std::string> source_masks;

  [[nodiscard]] ProjectPtr find_project(const ProjectId& id) const {
    const auto found = projects.find(id);
    return found == projects.end() ? nullptr : found->second;
  }
  [[nodiscard]] SourcePtr find_source(const std::string& mask) const {
    const auto* found = sources.find(mask);
    return found == nullptr ? nullptr : *found;
  }
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// The uses of keys that were not taken yet; one thread at a time. The cost grows with the number of keys.
[[nodiscard]] std::vector<store::KeyLastUse> take_key_uses(const Snapshot& snapshot);

// The snapshot with these changes; `base` stays as it is.
[[nodiscard]] SnapshotPtr apply_changes(const Snapshot& base, const store::ConfigChanges& changes);

// How by_pattern spells a pattern of a source's subscriptions, or of those without one.
[[nodiscard]] std::string pattern_key(const std::optional<SourceId>& source, std::string_view pattern);
// How by_value spells what an event of the pattern has at the key.
[[nodiscard]] std::string value_index_key(std::string_view pattern_key, std::string_view key, std::string_view value);

}  // namespace fairlead::match
