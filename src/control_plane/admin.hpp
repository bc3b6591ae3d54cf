// The admin port: liveness, readiness and metrics, apart from the public API.
#pragma once

#include <prometheus/registry.h>

#include <memory>

#include "common/net/http_server.hpp"
#include "common/store/db.hpp"

namespace fairlead::control {

class Admin {
 public:
  Admin(store::Db& db, std::shared_ptr<prometheus::Registry> registry) : db_(db), registry_(std::move(registry)) {}
  // /healthz: the process runs. /readyz: 200 if the database answers with a schema that this program knows, else 503
  // with the reason. /metrics: Prometheus text.
  [[nodiscard]] Task<net::HttpResponse> answer(std::shared_ptr<const net::HttpRequest> http);
  // From now on /readyz says no: the process is about to end.
  void begin_draining() { is_draining_ = true; }

 private:
  Task<net::HttpResponse> readiness(std::string request_id);
  store::Db& db_;
  std::shared_ptr<prometheus::Registry> registry_;
  std::atomic<bool> is_draining_ = false;
};

}  // namespace fairlead::control
