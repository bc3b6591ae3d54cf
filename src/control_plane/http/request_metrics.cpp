#include "control_plane/http/request_metrics.hpp"

#include <array>

namespace fairlead::control {
namespace {

std::string text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string pattern_of(std::string_view path) {
  if (path.ends_with("/?")) path.remove_suffix(2);
  return std::string(path);
}

std::string class_of(http::status status) { return std::to_string(static_cast<unsigned>(status) / 100) + "xx"; }

}  // namespace

RequestMetrics::RequestMetrics(prometheus::Registry& registry)
    : requests_(prometheus::BuildCounter()
                    .Name("fairlead_control_requests_total")
                    .Help("Requests of the management API by route and class of status")
                    .Register(registry)),
      durations_(prometheus::BuildHistogram()
                     .Name("fairlead_control_request_seconds")
                     .Help("Time from a request's last byte to its answer, by route")
                     .Register(registry)) {}

void RequestMetrics::count(const Route* route, http::status status, double seconds) {
  const std::string path = route == nullptr ? "none" : pattern_of(route->path);
  const std::string method = route == nullptr ? "none" : text_of(http::to_string(route->method));
  requests_.Add({{"route", path}, {"method", method}, {"status", class_of(status)}}).Increment();
  static const prometheus::Histogram::BucketBoundaries kBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                               0.1,   0.25,   0.5,   1,    2.5,   5};
  durations_.Add({{"route", path}, {"method", method}}, kBounds).Observe(seconds);
}

}  // namespace fairlead::control
