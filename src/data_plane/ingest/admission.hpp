// How many events each project may send to this data plane: its own limit (ratelimit in its configuration), so that a
// flood is turned away before it is parsed; and how many all of them together may (wire contract 1.9).
#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>

#include "common/domain/rate_limiter.hpp"
#include "common/net/too_many_requests.hpp"
#include "data_plane/match/snapshot.hpp"

namespace fairlead::ingest {

// What a producer is told when a limit is used up.
struct Refusal {
  Error error;
  int count = 0;   // the limit's size
  TimePoint next;  // when it may send again

  [[nodiscard]] net::HttpResponse answer(TimePoint now, std::string_view request_id) const {
    return net::too_many_requests(error, count, next - now, request_id);
  }
};

// Thread-safe.
class Admission {
 public:
  // events_per_minute_max: of all projects together; 0 for no limit.
  explicit Admission(int events_per_minute_max)
      : events_max_(events_per_minute_max),
        all_(events_per_minute_max, std::chrono::minutes(1), events_per_minute_max) {}

  // Nothing: the event is admitted, and counted. An event that its project's limit refuses takes nothing from the
  // others.
  [[nodiscard]] std::optional<Refusal> take(const match::ProjectView& project, TimePoint now);

 private:
  struct Limit {
    int count = 0;
    std::chrono::seconds window{0};
    RateLimiter limiter;
  };
  [[nodiscard]] std::optional<TimePoint> take_own(const ProjectId& project, const ProjectSettings& settings,
                                                  TimePoint now);

  const int events_max_;
  std::mutex mutex_;
  RateLimiter all_;
  std::unordered_map<ProjectId, Limit> limits_;  // only of projects that have one
};

}  // namespace fairlead::ingest
