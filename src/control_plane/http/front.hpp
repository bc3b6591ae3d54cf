// Every request of the public port passes here: route, content type, key, right, handler, answer, log line and metric.
#pragma once

#include "control_plane/http/auth.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/request_metrics.hpp"
#include "control_plane/http/router.hpp"

namespace fairlead::control {

class Front {
 public:
  Front(Context& context, const std::vector<Route>& routes, RequestMetrics& metrics)
      : context_(context), router_(routes), metrics_(metrics) {}
  [[nodiscard]] Task<Response> answer(std::shared_ptr<const net::HttpRequest> http);

 private:
  Task<Result<Response>> serve(const Route& route, std::shared_ptr<Request> request);
  Response unrouted(const net::HttpRequest& http, const Match& match) const;

  Context& context_;
  Router router_;
  RequestMetrics& metrics_;
};

}  // namespace fairlead::control
