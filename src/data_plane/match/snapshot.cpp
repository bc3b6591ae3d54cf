#include "data_plane/match/snapshot.hpp"

#include <algorithm>
#include <map>

namespace fairlead::match {
namespace {

void insert_ordered(SubscriptionList& list, const SubscriptionPtr& subscription) {
  const auto place = std::lower_bound(list.begin(), list.end(), subscription,
                                      [](const auto& a, const auto& b) { return a->id < b->id; });
  list.insert(place, subscription);
}

template <class Map, class Key>
void remove_from(Map& map, const Key& key, const SubscriptionId& id) {
  if (map.find(key) == nullptr) return;
  auto& list = map.at_or_insert(key);
  std::erase_if(list, [&](const auto& each) { return each->id == id; });
  if (list.empty()) map.erase(key);
}

// A project under construction: a copy of the old view whose shards are copied as they are touched.
class ProjectBuilder {
 public:
  explicit ProjectBuilder(const ProjectView* old)
      : view_(old ? std::make_shared<ProjectView>(*old) : std::make_shared<ProjectView>()) {
    view_->endpoints.start_changes();
    view_->subscriptions.start_changes();
    view_->by_endpoint.start_changes();
    view_->by_pattern.start_changes();
    view_->by_value.start_changes();
    view_->indexed_keys.start_changes();
    view_->by_owner.start_changes();
  }

  void set(const store::ProjectRow& row) {
    view_->id = row.id;
    view_->organisation = row.organisation;
    view_->version = row.version;
    view_->settings = row.settings;
  }

  void set(const store::EndpointChange& change) {
    const auto& endpoint = change.endpoint;
    if (const auto old = view_->find_endpoint(endpoint.id)) {
      if (!old->owner_id.empty()) {
        auto& owned = view_->by_owner.at_or_insert(old->owner_id);
        std::erase(owned, endpoint.id);
        if (owned.empty()) view_->by_owner.erase(old->owner_id);
      }
      view_->endpoints.erase(endpoint.id);
    }
    if (change.is_deleted) return;
    view_->endpoints.at_or_insert(endpoint.id) = std::make_shared<const EndpointConfig>(endpoint);
    if (!endpoint.owner_id.empty()) view_->by_owner.at_or_insert(endpoint.owner_id).push_back(endpoint.id);
  }

  // `filters`: what changed of the subscription's filters at the same time.
  void set(const store::SubscriptionChange& change, const std::vector<const store::FilterChange*>& filters) {
    const auto& id = change.subscription.id;
    const auto old = view_->find_subscription(id);
    if (old) remove(*old);
    if (change.is_deleted) return;
    auto made = change.subscription;
    made.filters = with_changes(old ? old->filters : nullptr, filters);
    insert(std::make_shared<const SubscriptionConfig>(std::move(made)));
  }

  // A subscription whose filters alone changed.
  void set(const SubscriptionId& id, const std::vector<const store::FilterChange*>& filters) {
    const auto old = view_->find_subscription(id);
    if (!old) return;
    auto made = *old;
    made.filters = with_changes(old->filters, filters);
    remove(*old);
    insert(std::make_shared<const SubscriptionConfig>(std::move(made)));
  }

  [[nodiscard]] ProjectPtr take() { return std::move(view_); }

 private:
  using FiltersPtr = std::shared_ptr<const SubscriptionFilters>;

  static FiltersPtr with_changes(const FiltersPtr& old, const std::vector<const store::FilterChange*>& changes) {
    if (changes.empty()) return old;
    auto filters = old ? old->all() : std::vector<TypeFilter>{};
    for (const auto* change : changes) {
      std::erase_if(filters, [&](const auto& each) { return each.id == change->filter.id; });
      if (!change->is_deleted) filters.push_back(change->filter);
    }
    return filters.empty() ? nullptr : std::make_shared<const SubscriptionFilters>(std::move(filters));
  }

  // The equality that the subscription is found by among those of a pattern; nothing: it is looked at in any case.
  static std::optional<FilterEquality> equality_of(const SubscriptionConfig& subscription, const std::string& pattern) {
    return subscription.filters ? subscription.filters->find_equality(pattern) : std::nullopt;
  }

  void insert(const SubscriptionPtr& subscription) {
    view_->subscriptions.at_or_insert(subscription->id) = subscription;
    insert_ordered(view_->by_endpoint.at_or_insert(subscription->endpoint), subscription);
    if (subscription->filters) ++view_->filtered_count;
    for (const auto& pattern : subscription->event_types) {
      const auto key = pattern_key(subscription->source, pattern);
      const auto equality = equality_of(*subscription, pattern);
      if (!equality) {
        insert_ordered(view_->by_pattern.at_or_insert(key), subscription);
        continue;
      }
      ++view_->indexed_keys.at_or_insert(key)[equality->key];
      for (const auto& value : equality->values)
        insert_ordered(view_->by_value.at_or_insert(value_index_key(key, equality->key, value)), subscription);
    }
  }

  void remove(const SubscriptionConfig& old) {
    const auto id = old.id;
    remove_from(view_->by_endpoint, old.endpoint, id);
    if (old.filters) --view_->filtered_count;
    for (const auto& pattern : old.event_types) {
      const auto key = pattern_key(old.source, pattern);
      const auto equality = equality_of(old, pattern);
      if (!equality) {
        remove_from(view_->by_pattern, key, id);
        continue;
      }
      auto& keys = view_->indexed_keys.at_or_insert(key);
      if (--keys[equality->key] == 0) keys.erase(equality->key);
      if (keys.empty()) view_->indexed_keys.erase(key);
      for (const auto& value : equality->values)
        remove_from(view_->by_value, value_index_key(key, equality->key, value), id);
    }
    view_->subscriptions.erase(id);
  }

  std::shared_ptr<ProjectView> view_;
};

using FilterChanges = std::map<std::pair<ProjectId, SubscriptionId>, std::vector<const store::FilterChange*>>;

// By subscription, so that each is put into the indexes once.
FilterChanges group_filters(const std::vector<store::FilterChange>& changes) {
  FilterChanges grouped;
  for (const auto& change : changes) grouped[{change.project, change.subscription}].push_back(&change);
  return grouped;
}

void apply_sources(Snapshot& next, const std::vector<store::SourceChange>& changes) {
  if (changes.empty()) return;
  next.sources.start_changes();
  next.source_masks.start_changes();
  for (const auto& change : changes) {
    if (const auto* mask = next.source_masks.find(change.source.id)) next.sources.erase(*mask);
    next.source_masks.erase(change.source.id);
    if (change.is_deleted) continue;
    next.sources.at_or_insert(change.source.mask) = std::make_shared<const SourceConfig>(change.source);
    next.source_masks.at_or_insert(change.source.id) = change.source.mask;
  }
}

}  // namespace

SnapshotPtr apply_changes(const Snapshot& base, const store::ConfigChanges& changes) {
  auto next = std::make_shared<Snapshot>(base);
  next->version = changes.version;
  std::map<ProjectId, ProjectBuilder> builders;
  std::vector<ProjectId> deleted;
  const auto builder = [&](const ProjectId& id) -> ProjectBuilder& {
    const auto found = builders.find(id);
    if (found != builders.end()) return found->second;
    return builders.emplace(id, ProjectBuilder(base.find_project(id).get())).first->second;
  };
  for (const auto& row : changes.projects) {
    row.is_deleted ? deleted.push_back(row.id) : builder(row.id).set(row);
  }
  for (const auto& change : changes.endpoints) builder(change.project).set(change);
  auto filters = group_filters(changes.filters);
  for (const auto& change : changes.subscriptions) {
    const auto node = filters.extract({change.project, change.subscription.id});
    builder(change.project).set(change, node ? node.mapped() : std::vector<const store::FilterChange*>{});
  }
  for (const auto& [key, each] : filters) builder(key.first).set(key.second, each);
  for (auto& [id, each] : builders) {
    auto view = each.take();
    // Rows of a project that is not there any more bring nothing back.
    if (!view->id.is_nil()) next->projects[id] = std::move(view);
  }
  for (const auto& id : deleted) next->projects.erase(id);
  for (const auto& change : changes.keys) {
    auto use = change.key.use;
    if (const auto old = next->key_hashes.find(change.key.id); old != next->key_hashes.end()) {
      use = next->keys.at(old->second).use;
      next->keys.erase(old->second);
      next->key_hashes.erase(old);
    }
    if (change.is_deleted) continue;
    auto& key = next->keys[change.key.hash] = change.key;
    key.use = std::move(use);
    next->key_hashes[change.key.id] = change.key.hash;
  }
  apply_sources(*next, changes.sources);
  return next;
}

std::vector<store::KeyLastUse> take_key_uses(const Snapshot& snapshot) {
  std::vector<store::KeyLastUse> uses;
  for (const auto& [hash, key] : snapshot.keys) {
    if (const auto at = key.use->take()) uses.push_back({key.id, *at});
  }
  std::ranges::sort(uses, {}, &store::KeyLastUse::id);  // nodes that write the same rows take them in the same order
  return uses;
}

// No event type begins with a control character, so the keys of one source are nobody else's.
std::string pattern_key(const std::optional<SourceId>& source, std::string_view pattern) {
  if (!source) return std::string(pattern);
  std::string key = "\x01";
  key.append(reinterpret_cast<const char*>(source->bytes.data()), source->bytes.size());
  key += pattern;
  return key;
}

std::string value_index_key(std::string_view pattern_key, std::string_view key, std::string_view value) {
  std::string text = std::to_string(pattern_key.size()) + ":" + std::to_string(key.size()) + ":";
  text += pattern_key;
  text += key;
  text += value;
  return text;
}

}  // namespace fairlead::match
