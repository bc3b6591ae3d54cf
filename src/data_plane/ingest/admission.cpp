#include "data_plane/ingest/admission.hpp"

namespace fairlead::ingest {
namespace {

Error project_limited(const ProjectSettings& settings) {
  return {Code::rate_limited,
          "this project may send " + std::to_string(settings.events_max) + " events in " +
              std::to_string(settings.events_window.count()) + " s; try again later",
          "project_rate_limited"};
}

Error instance_limited(int count) {
  return {Code::rate_limited, "this server takes " + std::to_string(count) + " events in a minute; try again later",
          "ingest_rate_limited"};
}

}  // namespace

std::optional<Refusal> Admission::take(const match::ProjectView& project, TimePoint now) {
  const auto& settings = project.settings;
  if (settings.events_max == 0 && events_max_ == 0) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (settings.events_max > 0) {
    if (const auto next = take_own(project.id, settings, now))
      return Refusal{project_limited(settings), settings.events_max, *next};
  }
  if (const auto next = all_.take(now)) return Refusal{instance_limited(events_max_), events_max_, *next};
  return std::nullopt;
}

std::optional<TimePoint> Admission::take_own(const ProjectId& project, const ProjectSettings& settings, TimePoint now) {
  const auto count = settings.events_max;
  const auto window = settings.events_window;
  auto found = limits_.find(project);
  if (found == limits_.end() || found->second.count != count || found->second.window != window) {
    // A whole window's events may come at once, as producers of the wire's fixed windows expect.
    found = limits_.insert_or_assign(project, Limit{count, window, RateLimiter(count, window, count)}).first;
  }
  return found->second.limiter.take(now);
}

}  // namespace fairlead::ingest
