// The answer to a request over a limit of rate (wire contract 1.6): both planes give it.
#pragma once

#include "common/core/clock.hpp"
#include "common/net/problem.hpp"

namespace fairlead::net {

// 429 in the envelope, with X-RateLimit-* and Retry-After in whole seconds, at least one. `count`: the limit's size;
// `wait`: how long until the next request is allowed.
[[nodiscard]] HttpResponse too_many_requests(const Error& error, int count, Micros wait, std::string_view request_id);

}  // namespace fairlead::net
