#include "data_plane/ingest/admission.hpp"

namespace fairlead::ingest {

Error rate_limited(const ProjectSettings& settings) {
  return {Code::rate_limited,
          "this project may send " + std::to_string(settings.events_max) + " events in " +
              std::to_string(settings.events_window.count()) + " s; try again later",
          "project_rate_limited"};
}

std::optional<TimePoint> Admission::take(const match::ProjectView& project, TimePoint now) {
  const auto count = project.settings.events_max;
  const auto window = project.settings.events_window;
  if (count == 0) return std::nullopt;
  const std::lock_guard lock(mutex_);
  auto found = limits_.find(project.id);
  if (found == limits_.end() || found->second.count != count || found->second.window != window) {
    // A whole window's events may come at once, as producers of the wire's fixed windows expect.
    found = limits_.insert_or_assign(project.id, Limit{count, window, RateLimiter(count, window, count)}).first;
  }
  return found->second.limiter.take(now);
}

}  // namespace fairlead::ingest
