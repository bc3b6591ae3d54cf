#include "common/net/problem.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/net/fault.hpp"

namespace fairlead::net {
namespace {

http::status status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return http::status::bad_request;
    case Code::unauthorized:
      return http::status::unauthorized;
    case Code::forbidden:
      return http::status::forbidden;
    case Code::not_found:
      return http::status::not_found;
    case Code::conflict:
      return http::status::conflict;
    case Code::precondition_failed:
      return http::status::precondition_failed;
    case Code::gone:
      return http::status::gone;
    case Code::too_large:
      return http::status::payload_too_large;
    case Code::rate_limited:
      return http::status::too_many_requests;
    case Code::unavailable:
      return http::status::service_unavailable;
    case Code::internal:
      break;
  }
  return http::status::internal_server_error;
}

// Nothing to escape.
bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

HttpResponse envelope(http::status status, std::string_view code, std::string_view message, std::string_view field,
                      std::string_view request_id) {
  nlohmann::ordered_json body{{"status", false}, {"message", message}, {"code", code}};
  if (!field.empty()) body["field"] = field;
  body["request_id"] = request_id;
  return {.status = status, .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

}  // namespace

HttpResponse success(http::status status, std::string_view message, std::string_view data_json) {
  constexpr std::string_view kStart = R"({"status":true,"message":)", kData = R"(,"data":)";
  std::string body;
  body.reserve(kStart.size() + message.size() + 2 + kData.size() + data_json.size() + 1);
  body += kStart;
  if (std::ranges::all_of(message, is_plain)) {
    body.append("\"").append(message).append("\"");
  } else {
    body += nlohmann::json(message).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  body += kData;
  body += data_json;
  body += '}';
  return {.status = status, .body = std::move(body)};
}

Fault describe(const Error& error) {
  if (error.code == Code::internal) {
    return {http::status::internal_server_error, "internal",
            "Something failed on our side; the request id helps us find it", ""};
  }
  const bool is_database = error.reason == "database_unavailable" || error.reason == "database_busy";
  return {status_of(error.code), error.reason.empty() ? std::string(to_text(error.code)) : error.reason,
          is_database ? "The database is not available; try again with the same idempotency key" : error.message,
          error.field};
}

HttpResponse problem(const Error& error, std::string_view request_id) {
  const Fault fault = describe(error);
  auto response = envelope(fault.status, fault.code, fault.message, fault.field, request_id);
  if (error.code == Code::unavailable || error.code == Code::rate_limited)
    response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse http_problem(http::status status, std::string_view code, std::string_view message,
                          std::string_view request_id) {
  return envelope(status, code, message, "", request_id);
}

}  // namespace fairlead::net
