#include "data_plane/match/snapshot.hpp"

#include <algorithm>
#include <map>

#include "common/domain/event_type.hpp"

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

  void set(const store::SubscriptionChange& change) {
    const auto& id = change.subscription.id;
    if (const auto old = view_->find_subscription(id)) {
      remove_from(view_->by_endpoint, old->endpoint, id);
      for (const auto& pattern : old->event_types) remove_from(view_->by_pattern, pattern, id);
      view_->subscriptions.erase(id);
    }
    if (change.is_deleted) return;
    const auto subscription = std::make_shared<const SubscriptionConfig>(change.subscription);
    view_->subscriptions.at_or_insert(id) = subscription;
    insert_ordered(view_->by_endpoint.at_or_insert(subscription->endpoint), subscription);
    for (const auto& pattern : subscription->event_types)
      insert_ordered(view_->by_pattern.at_or_insert(pattern), subscription);
  }

  [[nodiscard]] ProjectPtr take() { return std::move(view_); }

 private:
  std::shared_ptr<ProjectView> view_;
};

bool selects(const SubscriptionConfig& subscription, std::string_view event_type) {
  return std::ranges::any_of(subscription.event_types,
                             [&](const auto& pattern) { return matches_event_type(pattern, event_type); });
}

// The lists of all patterns that can select this type: the type itself, "*", and "a.*", "a.b.*" for every dot in it.
std::vector<const SubscriptionList*> find_pattern_lists(const ProjectView& project, std::string_view event_type) {
  std::vector<const SubscriptionList*> lists;
  const auto add = [&](const std::string& pattern) {
    if (const auto* list = project.by_pattern.find(pattern)) lists.push_back(list);
  };
  add(std::string(event_type));
  add("*");
  for (auto dot = event_type.find('.'); dot != std::string_view::npos; dot = event_type.find('.', dot + 1)) {
    if (dot + 1 < event_type.size()) add(std::string(event_type.substr(0, dot + 1)) + "*");
  }
  return lists;
}

// Goes through the shorter of two: what the endpoint subscribes to, or who can select the type. A subscription of
// several patterns can come twice.
void add_endpoint_matches(const ProjectView& project, const EndpointId& id, std::string_view event_type,
                          std::vector<Match>& matches) {
  constexpr std::size_t kShort = 16;  // cheaper than looking patterns up
  const auto endpoint = project.find_endpoint(id);
  const auto* list = project.by_endpoint.find(id);
  if (!endpoint || list == nullptr) return;
  if (list->size() > kShort) {
    const auto lists = find_pattern_lists(project, event_type);
    std::size_t candidates = 0;
    for (const auto* each : lists) candidates += each->size();
    if (candidates < list->size()) {
      for (const auto* each : lists) {
        for (const auto& subscription : *each) {
          if (subscription->endpoint == id) matches.push_back({subscription, endpoint});
        }
      }
      return;
    }
  }
  for (const auto& subscription : *list) {
    if (selects(*subscription, event_type)) matches.push_back({subscription, endpoint});
  }
}

std::vector<Match> find_broadcast_matches(const ProjectView& project, std::string_view event_type) {
  std::map<EndpointId, SubscriptionPtr> lowest;
  for (const auto* list : find_pattern_lists(project, event_type)) {
    for (const auto& subscription : *list) {
      auto& kept = lowest[subscription->endpoint];
      if (!kept || subscription->id < kept->id) kept = subscription;
    }
  }
  std::vector<Match> matches;
  for (const auto& [id, subscription] : lowest) {
    if (auto endpoint = project.find_endpoint(id)) matches.push_back({subscription, std::move(endpoint)});
  }
  return matches;
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
  for (const auto& change : changes.subscriptions) builder(change.project).set(change);
  for (auto& [id, each] : builders) {
    auto view = each.take();
    // Rows of a project that is not there any more bring nothing back.
    if (!view->id.is_nil()) next->projects[id] = std::move(view);
  }
  for (const auto& id : deleted) next->projects.erase(id);
  for (const auto& change : changes.keys) {
    if (const auto old = next->key_hashes.find(change.key.id); old != next->key_hashes.end()) {
      next->keys.erase(old->second);
      next->key_hashes.erase(old);
    }
    if (change.is_deleted) continue;
    next->keys[change.key.hash] = change.key;
    next->key_hashes[change.key.id] = change.key.hash;
  }
  return next;
}

std::vector<Match> find_matches(const ProjectView& project, const Target& target, std::string_view event_type) {
  std::vector<Match> matches;
  if (target.endpoint) {
    add_endpoint_matches(project, *target.endpoint, event_type, matches);
  } else if (!target.owner_id.empty()) {
    if (const auto* owned = project.by_owner.find(target.owner_id)) {
      for (const auto& id : *owned) add_endpoint_matches(project, id, event_type, matches);
    }
  } else {
    matches = find_broadcast_matches(project, event_type);
  }
  std::ranges::sort(matches, [](const auto& a, const auto& b) { return a.subscription->id < b.subscription->id; });
  const auto again = std::ranges::unique(
      matches, [](const auto& a, const auto& b) { return a.subscription->id == b.subscription->id; });
  matches.erase(again.begin(), again.end());
  return matches;
}

}  // namespace fairlead::match
