// Every request of the public port passes here: route, content type, key, right, handler, answer, log line and metric.
#pragma once

#include "control_plane/http/api_limit.hpp"
#include "control_plane/http/auth.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/request_metrics.hpp"
#include "control_plane/http/router.hpp"

namespace fairlead::control {

// What a request's body may have: a file in a form (wire contract 3.12: 10 MB, and the form around it) more than the
// rest.
inline constexpr std::size_t body_bytes_max = 2 * 1024 * 1024;
inline constexpr std::size_t form_bytes_max = 10 * 1024 * 1024 + 64 * 1024;

class Front {
 public:
  // requests_per_minute_max: 0 for no limit.
  Front(Context& context, const std::vector<Route>& routes, RequestMetrics& metrics, int requests_per_minute_max = 0)
      : context_(context), router_(routes), metrics_(metrics), limit_(requests_per_minute_max) {}
  [[nodiscard]] Task<Response> answer(std::shared_ptr<const net::HttpRequest> http);

 private:
  Task<Result<Response>> serve(const Route& route, std::shared_ptr<Request> request);
  Response unrouted(const net::HttpRequest& http, const Match& match) const;

  Context& context_;
  Router router_;
  RequestMetrics& metrics_;
  ApiLimit limit_;
};

}  // namespace fairlead::control
