// The wire's envelope, and the one place where codes become HTTP statuses.
#pragma once

#include <string>
#include <string_view>

#include "common/core/result.hpp"
#include "common/net/http_server.hpp"

namespace fairlead::net {

// {"status":true,"message":…,"data":<data_json>}; data_json is JSON text ("null" if there is nothing).
[[nodiscard]] HttpResponse success(http::status status, std::string_view message, std::string_view data_json);
// {"status":false,"message":…,"code":…,"field":…,"request_id":…}: code is the reason or the code's name; field only if
// known. Internal errors show no inner text. unavailable and rate_limited carry Retry-After.
[[nodiscard]] HttpResponse problem(const Error& error, std::string_view request_id);
// A purely HTTP fault (405, 413, 414, 415, 431 …) in the same envelope.
[[nodiscard]] HttpResponse http_problem(http::status status, std::string_view code, std::string_view message,
                                        std::string_view request_id);

}  // namespace fairlead::net
