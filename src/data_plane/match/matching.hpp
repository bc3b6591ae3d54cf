// Which subscriptions an event meets: those that its target and its type select, and whose filters let it pass.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data_plane/match/snapshot.hpp"

namespace fairlead::match {

struct Match {
  SubscriptionPtr subscription;
  EndpointPtr endpoint;
  std::string unevaluable = {};  // not empty: its filter could not be evaluated, and why
};
// Why the match's delivery is visible, but not sent; empty: it is sent.
[[nodiscard]] std::string discard_reason(const Match& match);

// What a producer addressed: an endpoint, all endpoints of an owner, or neither (a broadcast); or the source that the
// event came in through, whose subscriptions alone it meets.
struct Target {
  std::optional<EndpointId> endpoint;
  std::string owner_id;
  std::optional<SourceId> source = std::nullopt;
};

// Filters of an event that is being accepted may take a millisecond; what needs more is done after the answer.
inline constexpr std::int64_t inline_steps_max = 20'000;
// Of one chunk after the answer.
inline constexpr std::int64_t chunk_steps_max = filter_limits::steps_max;

struct MatchRequest {
  const Target& target;
  const EventContent& content;
  std::optional<SubscriptionId> after = std::nullopt;  // what an earlier call gave as `next`
  std::size_t matches_max = 0;
  std::int64_t steps_max = inline_steps_max;  // of filters (FilterBudget)
  bool has_progress = false;                  // whatever it takes, at least one more is judged
};
struct MatchResult {
  std::vector<Match> matches;          // by subscription id; of a broadcast by the first of each endpoint
  std::optional<SubscriptionId> next;  // there may be more: go on after this one
};
// Of a broadcast each endpoint gets one, of the lowest subscription that matches. The cost grows with what target and
// type select, not with what exists; among filters that require a value at a key, only those of the event's value
// count. Without filters the body is not looked at.
[[nodiscard]] MatchResult match_event(const ProjectView& project, const MatchRequest& request);

}  // namespace fairlead::match
