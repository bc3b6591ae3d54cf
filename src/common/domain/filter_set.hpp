// The filters of one subscription, one an event type, and which of them speaks for an event.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/id.hpp"
#include "common/domain/filter.hpp"

namespace fairlead {

// One filter as stored. Unreadable (`fault` not empty): no event can be judged by it.
struct TypeFilter {
  FilterId id;
  std::string event_type;  // a name, a glob, or "*"
  bool is_enabled = true;
  std::shared_ptr<const Filter> filter;
  std::string fault;
};
// Compiled; what cannot be compiled is kept with its fault.
[[nodiscard]] TypeFilter make_type_filter(FilterId id, std::string event_type, bool is_enabled, const FilterText& text);

enum class FilterSelection : std::uint8_t {
  none,      // no filter is about this type: every event passes
  disabled,  // only disabled ones are: none passes
  found,
};

class SubscriptionFilters {
 public:
  explicit SubscriptionFilters(std::vector<TypeFilter> filters) : filters_(std::move(filters)) {}
  [[nodiscard]] const std::vector<TypeFilter>& all() const { return filters_; }
  [[nodiscard]] bool empty() const { return filters_.empty(); }

  struct Choice {
    FilterSelection selection = FilterSelection::none;
    const TypeFilter* filter = nullptr;  // of `found`
  };
  // Of the enabled ones about this type: the exact name's, else the longest glob's, else that of "*".
  [[nodiscard]] Choice choose(std::string_view event_type) const;

  // An equality that every event must fulfil which the pattern selects and these filters match; nothing if there is
  // none that is certain.
  [[nodiscard]] std::optional<FilterEquality> find_equality(std::string_view pattern) const;

 private:
  std::vector<TypeFilter> filters_;
};

// How one subscription's filters judge one event.
struct FilterVerdict {
  enum class Kind : std::uint8_t {
    no_filter,
    matched,
    failed,
    disabled,
    unevaluable,  // `reason` says why; the event's delivery is visible and not sent
    deferred,     // the budget at hand does not suffice, a whole filter's may
  };
  Kind kind = Kind::no_filter;
  const TypeFilter* filter = nullptr;
  std::string reason;
};
// `filters` may be null. Takes its steps from the budget; a filter that used filter_limits::steps_max is unevaluable.
[[nodiscard]] FilterVerdict judge_filters(const SubscriptionFilters* filters, std::string_view event_type,
                                          FilterSubject& subject, FilterBudget& budget);

}  // namespace fairlead
