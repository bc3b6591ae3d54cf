// Why an event met each subscription of its project, or did not: what the data plane's matching would say, told in
// words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/domain/filter_set.hpp"
#include "common/store/filters.hpp"
#include "common/store/subscriptions.hpp"
#include "control_plane/http/json_writer.hpp"
#include "control_plane/http/pagination.hpp"

namespace fairlead::control {

struct JudgedEvent {
  store::EventTarget target;
  EventContent content;
};

// How one subscription was judged. The reasons: matched, no_filter (a match), and not_addressed, event_type, filter,
// filter_disabled, filter_error, endpoint_served (a broadcast gives an endpoint one delivery, and a subscription before
// this one has it).
struct MatchJudgement {
  SubscriptionId id;
  std::string name;
  EndpointId endpoint;
  bool is_match = false;
  std::string reason;
  std::optional<FilterId> filter;      // that spoke for the event's type
  std::optional<FailedClause> clause;  // of reason filter: the condition that did not hold
  std::string message;                 // of reason filter_error
};

// One page of the project's subscriptions. Reads subscriptions and their filters; evaluates them on this thread.
[[nodiscard]] Result<Page<MatchJudgement>> judge_subscriptions(store::Tx& tx, const ProjectId& project,
                                                               const JudgedEvent& event, const PageQuery& page);
void write_judgement(JsonWriter& json, const MatchJudgement& judgement);

}  // namespace fairlead::control
