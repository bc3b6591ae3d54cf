#include "control_plane/http/front.hpp"

#include <spdlog/spdlog.h>

#include "common/core/utf8.hpp"
#include "common/ops/version.hpp"
#include "control_plane/http/etag.hpp"

namespace fairlead::control {
namespace {

bool is_json_type(std::string_view type) { return type.starts_with("application/json"); }

// Onboarding also takes a file in a form (wire contract 1.2).
bool is_form(const Route& route, std::string_view type) {
  return route.path.ends_with("/onboard") && type.starts_with("multipart/form-data");
}

// The server lets in what the largest body may have.
std::optional<Response> refuse_large(const Route& route, const net::HttpRequest& http) {
  const auto bytes_max = is_form(route, http.header("Content-Type").value_or("")) ? form_bytes_max : body_bytes_max;
  if (http.body.size() <= bytes_max) return std::nullopt;
  return net::http_problem(http::status::payload_too_large, "payload_too_large",
                           "the body is larger than " + std::to_string(bytes_max) + " bytes", http.request_id);
}

bool is_plain_text(std::string_view text) { return text.find('\0') == std::string_view::npos && is_utf8(text); }

// A statement that PostgreSQL stopped at its timeout (SQLSTATE 57014).
bool is_timeout(const Error& error) {
  return error.reason == "database_busy" && error.message.find("57014") != std::string::npos;
}

bool is_write(http::verb method) { return method != http::verb::get; }

Response to_response(Result<Response> result, const net::HttpRequest& http) {
  if (result) return *std::move(result);
  const Error& error = result.error();
  if (is_timeout(error) && !is_write(http.method)) {
    spdlog::warn("statement_timeout request={} path={}", http.request_id, http.path);
    return net::http_problem(http::status::gateway_timeout, "timeout",
                             "the request took too long: narrow it by dates or filters", http.request_id);
  }
  if (error.code == Code::internal || error.code == Code::unavailable) {
    spdlog::error("request_failed request={} reason={} error={}", http.request_id, error.reason, error.message);
  }
  auto response = net::problem(error, http.request_id);
  if (error.code == Code::unauthorized) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace

Response Front::unrouted(const net::HttpRequest& http, const Match& match) const {
  if (http.path == "/healthz") return net::success(http::status::ok, std::string("Fairlead ") + kVersion, "null");
  if (match.allow.empty())
    return net::http_problem(http::status::not_found, "no_such_route", "there is no such route", http.request_id);
  auto response = net::http_problem(http::status::method_not_allowed, "method_not_allowed",
                                    "allowed here: " + match.allow, http.request_id);
  response.headers.emplace_back("Allow", match.allow);
  return response;
}

Task<Result<Response>> Front::serve(const Route& route, std::shared_ptr<Request> request) {
  const auto& http = *request->http;
  if (auto refused = refuse_large(route, http)) co_return *std::move(refused);
  if (route.right == Right::anyone) {
    request->query = Query::parse(http.query);
    co_return co_await route.handler(context_, request);
  }
  const bool is_api = route.path.starts_with("/api/");
  if (const auto type = http.header("Content-Type"); is_api && type && !is_json_type(*type) && !is_form(route, *type)) {
    co_return net::http_problem(http::status::unsupported_media_type, "unsupported_media_type",
                                "expected Content-Type: application/json", http.request_id);
  }
  FL_CO_TRY(const auto credential, parse_authorization(http.header("Authorization")));
  FL_CO_TRY(request->caller, co_await context_.authenticator.authenticate(credential));
  // After the credential: strangers cannot use the limit up for those who have one.
  if (!route.is_forwarded) {
    if (auto refused = limit_.take(wall_now(), http.request_id)) co_return *std::move(refused);
  }
  request->query = Query::parse(http.query);
  if (!request->query.holds(is_plain_text)) {
    co_return fail(Error{Code::invalid, "the query string: expected UTF-8 without NUL", "invalid_query"});
  }
  FL_CO_TRY_VOID(check_right(request->caller, route));
  if (route.right == Right::portal) {
    if (!request->caller.project)
      co_return fail(Error{Code::forbidden, "this needs a portal token, or a project's key", "project_key_required"});
    request->path_project = request->caller.project;
  }
  if (route.right == Right::project) {
    FL_CO_TRY(request->path_project,
              co_await context_.authenticator.reach_project(request->caller, request->params.front().second));
  }
  co_return co_await route.handler(context_, request);
}

Task<Response> Front::answer(std::shared_ptr<const net::HttpRequest> http) {
  const auto started = Steady::now();
  auto match = router_.match(http->method, http->path);
  Response response;
  if (match.route == nullptr) {
    response = unrouted(*http, match);
  } else {
    auto request = std::make_shared<Request>();
    request->http = http;
    request->params = std::move(match.params);
    response = to_response(co_await serve(*match.route, request), *http);
    answer_if_none_match(*http, response);
    if (is_write(http->method) && response.status < http::status::multiple_choices) {
      const auto& portal = request->caller.portal;
      spdlog::info("written request={} method={} path={} status={} {}={}", http->request_id, http->method_text,
                   http->path, static_cast<unsigned>(response.status), portal ? "portal_link" : "key",
                   portal ? to_text(portal->link) : to_text(request->caller.key));
    }
  }
  response.headers.emplace_back("X-Convoy-Version", kApiVersion);
  const std::chrono::duration<double> took = Steady::now() - started;
  metrics_.count(match.route, response.status, took.count());
  spdlog::debug("request request={} method={} path={} status={} took_ms={:.1f}", http->request_id, http->method_text,
                http->path, static_cast<unsigned>(response.status), took.count() * 1000);
  co_return response;
}

}  // namespace fairlead::control
