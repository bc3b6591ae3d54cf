// Counts and times of requests, by route and class of status: closed sets, never ids.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "control_plane/http/router.hpp"

namespace fairlead::control {

// Thread-safe.
class RequestMetrics {
 public:
  explicit RequestMetrics(prometheus::Registry& registry);
  // `route`: none if the request met no route.
  void count(const Route* route, http::status status, double seconds);

 private:
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& durations_;
};

}  // namespace fairlead::control
