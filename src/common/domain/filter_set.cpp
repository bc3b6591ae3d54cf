#include "common/domain/filter_set.hpp"

#include <algorithm>

#include "common/domain/event_type.hpp"

namespace fairlead {
namespace {

// An exact name before any glob, a longer glob before a shorter one, "*" last.
std::size_t specificity(std::string_view pattern) {
  if (pattern == "*") return 0;
  return is_glob(pattern) ? pattern.size() : std::string_view::npos;
}

// Whether every type that `inner` selects is selected by `outer`.
bool covers(std::string_view outer, std::string_view inner) {
  if (outer == "*" || outer == inner) return true;
  if (inner == "*" || !is_glob(outer)) return false;
  const auto prefix = outer.substr(0, outer.size() - 1);
  return is_glob(inner) ? inner.size() > outer.size() && inner.starts_with(prefix) : matches_event_type(outer, inner);
}

}  // namespace

TypeFilter make_type_filter(FilterId id, std::string event_type, bool is_enabled, const FilterText& text) {
  TypeFilter made{.id = id, .event_type = std::move(event_type), .is_enabled = is_enabled};
  auto filter = Filter::compile(text, "");
  if (filter)
    made.filter = *std::move(filter);
  else
    made.fault = filter.error().message;
  return made;
}

SubscriptionFilters::Choice SubscriptionFilters::choose(std::string_view event_type) const {
  Choice choice;
  for (const auto& each : filters_) {
    if (!matches_event_type(each.event_type, event_type)) continue;
    if (!each.is_enabled) {
      if (choice.selection == FilterSelection::none) choice.selection = FilterSelection::disabled;
      continue;
    }
    if (choice.filter == nullptr || specificity(each.event_type) > specificity(choice.filter->event_type))
      choice = {FilterSelection::found, &each};
  }
  return choice;
}

std::optional<FilterEquality> SubscriptionFilters::find_equality(std::string_view pattern) const {
  const TypeFilter* only = nullptr;
  for (const auto& each : filters_) {
    const bool is_about_all = covers(each.event_type, pattern);
    if (!is_about_all && !covers(pattern, each.event_type)) continue;
    // Another one may speak for some of the types, or for all.
    if (only != nullptr || !is_about_all || !each.is_enabled) return std::nullopt;
    only = &each;
  }
  if (only == nullptr || only->filter == nullptr) return std::nullopt;
  return only->filter->find_equality();
}

FilterVerdict judge_filters(const SubscriptionFilters* filters, std::string_view event_type, FilterSubject& subject,
                            FilterBudget& budget) {
  using Kind = FilterVerdict::Kind;
  if (filters == nullptr || filters->empty()) return {};
  const auto choice = filters->choose(event_type);
  if (choice.selection == FilterSelection::none) return {};
  if (choice.selection == FilterSelection::disabled) return {.kind = Kind::disabled};
  const auto& filter = *choice.filter;
  if (filter.filter == nullptr)
    return {.kind = Kind::unevaluable, .filter = &filter, .reason = "filter is unreadable: " + filter.fault};
  const auto allowed = std::min(budget.left(), filter_limits::steps_max);
  FilterBudget own(allowed);
  const auto outcome = filter.filter->evaluate(subject, own);
  static_cast<void>(budget.spend(allowed - std::max<std::int64_t>(own.left(), 0)));
  switch (outcome) {
    case FilterOutcome::matched:
      return {.kind = Kind::matched, .filter = &filter};
    case FilterOutcome::failed:
      return {.kind = Kind::failed, .filter = &filter};
    case FilterOutcome::exhausted:
      break;
  }
  if (allowed < filter_limits::steps_max) return {.kind = Kind::deferred, .filter = &filter};
  return {.kind = Kind::unevaluable,
          .filter = &filter,
          .reason = "filter takes more than it may for an event of this size"};
}

}  // namespace fairlead
