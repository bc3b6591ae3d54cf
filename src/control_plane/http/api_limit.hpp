// How many requests this process answers, whoever sends them (wire contract 1.9): so that no script of one tenant keeps
// the database from the others. Creating events is not among them: the data plane that takes them has a limit of its
// own.
#pragma once

#include <mutex>
#include <optional>

#include "common/domain/rate_limiter.hpp"
#include "control_plane/http/request.hpp"

namespace fairlead::control {

// Thread-safe.
class ApiLimit {
 public:
  // 0: no limit. A whole minute's requests may come at once, as clients of the wire's fixed windows expect.
  explicit ApiLimit(int requests_per_minute_max)
      : requests_max_(requests_per_minute_max),
        limiter_(requests_per_minute_max, std::chrono::minutes(1), requests_per_minute_max) {}

  // Nothing: the request is allowed, and counted. Else 429 "api_rate_limited".
  [[nodiscard]] std::optional<Response> take(TimePoint now, std::string_view request_id);

 private:
  const int requests_max_;
  std::mutex mutex_;
  RateLimiter limiter_;
};

}  // namespace fairlead::control
