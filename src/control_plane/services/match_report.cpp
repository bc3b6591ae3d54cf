#include "control_plane/services/match_report.hpp"

#include <algorithm>
#include <map>

#include "common/domain/event_type.hpp"

namespace fairlead::control {
namespace {

using store::Tx;

// A broadcast looks at what else its endpoints have, at most so much.
constexpr int kRivalsMax = 1000;

using FiltersBySubscription = std::map<SubscriptionId, SubscriptionFilters>;

Result<FiltersBySubscription> read_filters(Tx& tx, const ProjectId& project,
                                           const std::vector<store::Subscription>& subscriptions,
                                           std::string_view event_type) {
  std::vector<SubscriptionId> ids;
  for (const auto& subscription : subscriptions) ids.push_back(subscription.id);
  FL_TRY(const auto rows, store::list_filters_of(tx, project, ids));
  std::map<SubscriptionId, std::vector<TypeFilter>> grouped;
  for (const auto& row : rows) {
    if (!matches_event_type(row.event_type, event_type)) continue;
    grouped[row.subscription].push_back(make_type_filter(row.id, row.event_type, row.enabled_at.has_value(), row.text));
  }
  FiltersBySubscription filters;
  for (auto& [id, each] : grouped) filters.emplace(id, SubscriptionFilters(std::move(each)));
  return filters;
}

bool is_addressed(const store::EventTarget& target, const store::Subscription& subscription) {
  if (target.source || subscription.source) return target.source == subscription.source;
  if (target.endpoint) return subscription.endpoint == *target.endpoint;
  return target.owner_id.empty() || subscription.endpoint_brief.owner_id == target.owner_id;
}

bool is_broadcast(const store::EventTarget& target) {
  return !target.source && !target.endpoint && target.owner_id.empty();
}

class Judge {
 public:
  explicit Judge(const JudgedEvent& event) : event_(event), subject_(FilterSubject::of_event(event.content)) {}

  MatchJudgement judge(const store::Subscription& subscription, const FiltersBySubscription& filters) {
    MatchJudgement made{.id = subscription.id, .name = subscription.name, .endpoint = subscription.endpoint};
    const auto& type = event_.content.event_type;
    if (!is_addressed(event_.target, subscription)) {
      made.reason = "not_addressed";
    } else if (std::ranges::none_of(subscription.event_types,
                                    [&](const auto& pattern) { return matches_event_type(pattern, type); })) {
      made.reason = "event_type";
    } else {
      const auto found = filters.find(subscription.id);
      judge_by(found == filters.end() ? nullptr : &found->second, made);
    }
    return made;
  }

 private:
  void judge_by(const SubscriptionFilters* filters, MatchJudgement& made) {
    using Kind = FilterVerdict::Kind;
    auto verdict = judge_filters(filters, event_.content.event_type, subject_, budget_);
    if (verdict.filter != nullptr) made.filter = verdict.filter->id;
    made.is_match = verdict.kind == Kind::matched || verdict.kind == Kind::no_filter;
    switch (verdict.kind) {
      case Kind::matched:
        made.reason = "matched";
        return;
      case Kind::no_filter:
        made.reason = "no_filter";
        return;
      case Kind::disabled:
        made.reason = "filter_disabled";
        return;
      case Kind::failed: {
        made.reason = "filter";
        FilterBudget again(2 * filter_limits::steps_max);
        made.clause = verdict.filter->filter->find_failed(subject_, again);
        return;
      }
      default:
        made.reason = "filter_error";
        made.message =
            verdict.kind == Kind::deferred ? "not judged: the filters of this page take too long" : verdict.reason;
    }
  }

  const JudgedEvent& event_;
  FilterSubject subject_;
  FilterBudget budget_{4 * filter_limits::steps_max};  // of a whole page
};

// Of a broadcast one subscription of each endpoint gets the event: the lowest that matches.
Result<void> mark_served(Tx& tx, const ProjectId& project, std::string_view event_type, Judge& judge,
                         std::vector<MatchJudgement>& judged) {
  std::vector<EndpointId> endpoints;
  for (const auto& each : judged) {
    if (each.is_match && std::ranges::find(endpoints, each.endpoint) == endpoints.end())
      endpoints.push_back(each.endpoint);
  }
  if (endpoints.empty()) return {};
  FL_TRY(const auto rivals, store::list_subscriptions(tx, {.project = project, .endpoints = endpoints, .name_part = ""},
                                                      {.is_descending = false, .rows_max = kRivalsMax}));
  FL_TRY(const auto filters, read_filters(tx, project, rivals, event_type));
  std::map<EndpointId, SubscriptionId> served;
  for (const auto& rival : rivals) {
    if (!served.contains(rival.endpoint) && judge.judge(rival, filters).is_match)
      served.emplace(rival.endpoint, rival.id);
  }
  for (auto& each : judged) {
    const auto found = served.find(each.endpoint);
    if (!each.is_match || found == served.end() || found->second == each.id) continue;
    each.is_match = false;
    each.reason = "endpoint_served";
  }
  return {};
}

void write_clause(JsonWriter& json, const std::optional<FailedClause>& clause) {
  if (!clause) {
    json.field("clause", nullptr);
    return;
  }
  json.key("clause").begin_object().field("scope", to_text(clause->scope)).field("key", clause->key);
  json.field("operator", clause->operator_name).raw_field("expected", clause->expected);
  json.field("is_present", clause->is_present);
  json.raw_field("actual", clause->actual.empty() ? "null" : clause->actual).end_object();
}

}  // namespace

Result<Page<MatchJudgement>> judge_subscriptions(Tx& tx, const ProjectId& project, const JudgedEvent& event,
                                                 const PageQuery& query) {
  FL_TRY(const auto page, read_page<store::Subscription>(query, [&](const store::Keyset& slice) {
           return store::list_subscriptions(tx, {.project = project, .endpoints = {}, .name_part = ""}, slice);
         }));
  FL_TRY(const auto filters, read_filters(tx, project, page.rows, event.content.event_type));
  Judge judge(event);
  Page<MatchJudgement> judged{.rows = {},
                              .per_page = page.per_page,
                              .has_next = page.has_next,
                              .has_previous = page.has_previous,
                              .next_cursor = page.next_cursor,
                              .previous_cursor = page.previous_cursor};
  for (const auto& subscription : page.rows) judged.rows.push_back(judge.judge(subscription, filters));
  if (is_broadcast(event.target)) FL_TRY_VOID(mark_served(tx, project, event.content.event_type, judge, judged.rows));
  return judged;
}

void write_judgement(JsonWriter& json, const MatchJudgement& judgement) {
  json.begin_object().field("subscription_id", judgement.id).field("name", judgement.name);
  json.field("endpoint_id", judgement.endpoint).field("is_match", judgement.is_match);
  json.field("reason", judgement.reason).field("filter_id", judgement.filter);
  json.text_or_absent("message", judgement.message);
  write_clause(json, judgement.clause);
  json.end_object();
}

}  // namespace fairlead::control
