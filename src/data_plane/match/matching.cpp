#include "data_plane/match/matching.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "common/domain/event_type.hpp"

namespace fairlead::match {
namespace {

bool selects(const SubscriptionConfig& subscription, std::string_view event_type) {
  return !subscription.source && std::ranges::any_of(subscription.event_types, [&](const auto& pattern) {
    return matches_event_type(pattern, event_type);
  });
}

// Finds what target and type select. A subscription may come twice, by several patterns or values.
class Search {
 public:
  // `subject` and `budget` are asked only where an index goes by values.
  Search(const ProjectView& project, const Target& target, std::string_view event_type, FilterSubject* subject,
         FilterBudget* budget)
      : project_(project), target_(target), event_type_(event_type), subject_(subject), budget_(budget) {}

  std::vector<Match> run() {
    if (target_.source) {
      add_all();
    } else if (target_.endpoint) {
      add_endpoint(*target_.endpoint);
    } else if (!target_.owner_id.empty()) {
      if (const auto* owned = project_.by_owner.find(target_.owner_id)) {
        for (const auto& id : *owned) add_endpoint(id);
      }
    } else {
      add_all();
    }
    return std::move(matches_);
  }

 private:
  void add_all() {
    for (const auto* list : lists()) {
      for (const auto& subscription : *list) {
        if (auto endpoint = project_.find_endpoint(subscription->endpoint))
          matches_.push_back({subscription, std::move(endpoint)});
      }
    }
  }

  // Goes through the shorter of two: what the endpoint subscribes to, or who can select the type.
  void add_endpoint(const EndpointId& id) {
    constexpr std::size_t kShort = 16;  // cheaper than looking patterns up
    const auto endpoint = project_.find_endpoint(id);
    const auto* list = project_.by_endpoint.find(id);
    if (!endpoint || list == nullptr) return;
    if (list->size() > kShort) {
      std::size_t candidates = 0;
      for (const auto* each : lists()) candidates += each->size();
      if (candidates < list->size()) {
        for (const auto* each : lists()) {
          for (const auto& subscription : *each) {
            if (subscription->endpoint == id) matches_.push_back({subscription, endpoint});
          }
        }
        return;
      }
    }
    for (const auto& subscription : *list) {
      if (selects(*subscription, event_type_)) matches_.push_back({subscription, endpoint});
    }
  }

  // The lists of all patterns that can select this type: the type itself, "*", and "a.*", "a.b.*" for every dot in it;
  // of those that an index finds by a value in the body, the lists of the event's values.
  const std::vector<const SubscriptionList*>& lists() {
    if (std::exchange(has_lists_, true)) return lists_;
    add_pattern(event_type_);
    add_pattern("*");
    for (auto dot = event_type_.find('.'); dot != std::string_view::npos; dot = event_type_.find('.', dot + 1)) {
      if (dot + 1 < event_type_.size()) add_pattern(std::string(event_type_.substr(0, dot + 1)) + "*");
    }
    return lists_;
  }

  void add_pattern(std::string_view pattern) {
    const auto key = pattern_key(target_.source, pattern);
    if (const auto* list = project_.by_pattern.find(key)) lists_.push_back(list);
    if (subject_ == nullptr) return;
    const auto* indexed = project_.indexed_keys.find(key);
    if (indexed == nullptr) return;
    for (const auto& [path, count] : *indexed) {
      for (const auto& value : values_at(path)) {
        if (const auto* list = project_.by_value.find(value_index_key(key, path, value))) lists_.push_back(list);
      }
    }
  }

  const std::vector<std::string>& values_at(const std::string& path) {
    const auto [known, is_new] = values_.try_emplace(path);
    if (!is_new) return known->second;
    const auto* body = subject_->find(FilterScope::body, *budget_);
    if (body != nullptr) static_cast<void>(list_value_keys(*body, path, *budget_, known->second));
    std::ranges::sort(known->second);
    known->second.erase(std::ranges::unique(known->second).begin(), known->second.end());
    return known->second;
  }

  const ProjectView& project_;
  const Target& target_;
  std::string_view event_type_;
  FilterSubject* subject_;
  FilterBudget* budget_;
  std::vector<Match> matches_;
  std::vector<const SubscriptionList*> lists_;
  bool has_lists_ = false;
  std::unordered_map<std::string, std::vector<std::string>> values_;
};

bool is_broadcast(const Target& target) { return !target.source && !target.endpoint && target.owner_id.empty(); }

void sort_unique(std::vector<Match>& matches) {
  std::ranges::sort(matches, [](const auto& a, const auto& b) { return a.subscription->id < b.subscription->id; });
  const auto again = std::ranges::unique(
      matches, [](const auto& a, const auto& b) { return a.subscription->id == b.subscription->id; });
  matches.erase(again.begin(), again.end());
}

// What stands and falls together: one subscription, or of a broadcast all candidates of one endpoint, of which one
// gets the event. Named by its lowest subscription.
struct Group {
  SubscriptionId name;
  std::vector<Match> candidates;
};

std::vector<Group> group(std::vector<Match> candidates, bool is_by_endpoint) {
  std::vector<Group> groups;
  std::unordered_map<EndpointId, std::size_t> places;
  for (auto& match : candidates) {
    const auto place =
        is_by_endpoint ? places.try_emplace(match.endpoint->id, groups.size()).first->second : groups.size();
    if (place == groups.size()) groups.push_back({match.subscription->id, {}});
    groups[place].candidates.push_back(std::move(match));
  }
  return groups;
}

// Adds the group's matches; false if the budget did not suffice, and then none.
bool judge_group(const Group& group, std::string_view event_type, bool is_one, FilterSubject& subject,
                 FilterBudget& budget, std::vector<Match>& matches) {
  const auto before = static_cast<std::ptrdiff_t>(matches.size());
  for (const auto& match : group.candidates) {
    auto verdict = judge_filters(match.subscription->filters.get(), event_type, subject, budget);
    switch (verdict.kind) {
      case FilterVerdict::Kind::failed:
      case FilterVerdict::Kind::disabled:
        break;
      case FilterVerdict::Kind::deferred:
        matches.erase(matches.begin() + before, matches.end());
        return false;
      case FilterVerdict::Kind::unevaluable:
        matches.push_back({match.subscription, match.endpoint, std::move(verdict.reason)});
        break;
      case FilterVerdict::Kind::no_filter:
      case FilterVerdict::Kind::matched:
        matches.push_back(match);
        if (is_one) return true;
    }
  }
  return true;
}

constexpr auto kUnlimited = std::numeric_limits<std::int64_t>::max();

MatchResult match_filtered(const ProjectView& project, const MatchRequest& request) {
  const auto& type = request.content.event_type;
  FilterBudget budget(request.steps_max), unlimited(kUnlimited);
  auto subject = FilterSubject::of_event(request.content);
  auto candidates = Search(project, request.target, type, &subject, request.has_progress ? &unlimited : &budget).run();
  MatchResult result{.matches = {}, .next = {}};
  // Not even the look into the body was affordable, so what it would have found is not known.
  if (budget.is_spent()) return {.matches = {}, .next = request.after.value_or(SubscriptionId{})};
  sort_unique(candidates);
  const bool is_one = is_broadcast(request.target);
  auto last = request.after.value_or(SubscriptionId{});
  for (const auto& each : group(std::move(candidates), is_one)) {
    if (request.after && each.name <= *request.after) continue;
    const bool is_full = result.matches.size() >= request.matches_max;
    if (is_full || !judge_group(each, type, is_one, subject, budget, result.matches)) {
      const bool is_first = last == request.after.value_or(SubscriptionId{});
      if (is_full || !request.has_progress || !is_first) {
        result.next = last;
        break;
      }
      judge_group(each, type, is_one, subject, unlimited, result.matches);
    }
    last = each.name;
  }
  return result;
}

// Every candidate matches: no filter is asked and the body is not looked at.
MatchResult match_unfiltered(const ProjectView& project, const MatchRequest& request) {
  MatchResult result{.matches = Search(project, request.target, request.content.event_type, nullptr, nullptr).run(),
                     .next = {}};
  auto& matches = result.matches;
  sort_unique(matches);
  if (is_broadcast(request.target)) {
    std::unordered_map<EndpointId, SubscriptionId> lowest;
    std::erase_if(matches, [&](const auto& match) {
      return lowest.try_emplace(match.endpoint->id, match.subscription->id).first->second != match.subscription->id;
    });
  }
  if (request.after) std::erase_if(matches, [&](const auto& each) { return each.subscription->id <= *request.after; });
  if (matches.size() > request.matches_max) {
    matches.resize(request.matches_max);
    result.next = matches.empty() ? request.after.value_or(SubscriptionId{}) : matches.back().subscription->id;
  }
  return result;
}

}  // namespace

std::string discard_reason(const Match& match) {
  if (!match.unevaluable.empty()) return match.unevaluable;
  return match.endpoint->status == EndpointStatus::inactive ? "endpoint is disabled" : "";
}

MatchResult match_event(const ProjectView& project, const MatchRequest& request) {
  return project.filtered_count == 0 ? match_unfiltered(project, request) : match_filtered(project, request);
}

}  // namespace fairlead::match
