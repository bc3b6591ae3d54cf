#include "control_plane/http/api_limit.hpp"

#include "common/net/too_many_requests.hpp"

namespace fairlead::control {

std::optional<Response> ApiLimit::take(TimePoint now, std::string_view request_id) {
  if (requests_max_ == 0) return std::nullopt;
  std::optional<TimePoint> next;
  {
    const std::lock_guard lock(mutex_);
    next = limiter_.take(now);
  }
  if (!next) return std::nullopt;
  const Error error{
      Code::rate_limited,
      "this server answers " + std::to_string(requests_max_) + " requests of the API in a minute; try again later",
      "api_rate_limited"};
  return net::too_many_requests(error, requests_max_, *next - now, request_id);
}

}  // namespace fairlead::control
