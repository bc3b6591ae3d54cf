// How many events each project may send to this data plane: its own limit (ratelimit in its configuration), so that a
// flood is turned away before it is parsed.
#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>

#include "common/core/result.hpp"
#include "common/domain/rate_limiter.hpp"
#include "data_plane/match/snapshot.hpp"

namespace fairlead::ingest {

// What a project is told whose limit is used up (wire contract 1.7).
[[nodiscard]] Error rate_limited(const ProjectSettings& settings);

// Thread-safe.
class Admission {
 public:
  // Nothing: the event is admitted, and counted. Else the time from which the project's next one will be.
  [[nodiscard]] std::optional<TimePoint> take(const match::ProjectView& project, TimePoint now);

 private:
  struct Limit {
    int count = 0;
    std::chrono::seconds window{0};
    RateLimiter limiter;
  };
  std::mutex mutex_;
  std::unordered_map<ProjectId, Limit> limits_;  // only of projects that have one
};

}  // namespace fairlead::ingest
