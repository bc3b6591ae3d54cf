#include "control_plane/admin.hpp"

#include <prometheus/text_serializer.h>

#include "common/net/problem.hpp"
#include "common/ops/version.hpp"
#include "common/store/migrator.hpp"

namespace fairlead::control {

Task<net::HttpResponse> Admin::readiness(std::string request_id) {
  if (is_draining_)
    co_return net::http_problem(net::http::status::service_unavailable, "draining", "the process is ending",
                                request_id);
  const auto version = co_await db_.run(store::TxKind::autocommit, &store::schema_version);
  if (!version) {
    co_return net::http_problem(net::http::status::service_unavailable, "database_unavailable",
                                "the database does not answer", request_id);
  }
  if (*version < store::newest_migration()) {
    co_return net::http_problem(net::http::status::service_unavailable, "schema_too_old",
                                "the schema is at migration " + std::to_string(*version) + ", needed is " +
                                    std::to_string(store::newest_migration()),
                                request_id);
  }
  co_return net::success(net::http::status::ok, "ready", R"({"schema_version":)" + std::to_string(*version) + "}");
}

Task<net::HttpResponse> Admin::answer(std::shared_ptr<const net::HttpRequest> http) {
  if (http->path == "/healthz")
    co_return net::success(net::http::status::ok, std::string("Fairlead ") + kVersion, "null");
  if (http->path == "/readyz") co_return co_await readiness(http->request_id);
  if (http->path == "/metrics") {
    const prometheus::TextSerializer serializer;
    co_return net::HttpResponse{.body = serializer.Serialize(registry_->Collect()),
                                .content_type = "text/plain; version=0.0.4; charset=utf-8"};
  }
  co_return net::http_problem(net::http::status::not_found, "no_such_route", "there are /healthz, /readyz and /metrics",
                              http->request_id);
}

}  // namespace fairlead::control
