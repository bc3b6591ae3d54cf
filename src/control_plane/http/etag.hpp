// Conditional requests (RFC 9110 §13): an entity tag on every answer that shows one object, 304 for what a client has
// already, and 412 instead of an update that would be lost.
//
// A tag is "<revision>-<content>": the revision is the object's updated_at, the content a hash of the answer, which
// also covers what changes without a write (an endpoint that was disabled, a secret that expired). If-None-Match
// compares all of it. If-Match compares the revision alone, so that neither another API version, nor a masked field,
// nor a breaker that opened in between refuses an update.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/core/clock.hpp"
#include "common/core/result.hpp"
#include "common/net/http_server.hpp"

namespace fairlead::control {

// The answer with its ETag.
[[nodiscard]] net::HttpResponse with_etag(net::HttpResponse response, TimePoint updated_at);

// Code::precondition_failed, unless If-Match is absent, "*" or names the object's revision. Call it in the transaction
// that writes, after the object was read there under a lock.
[[nodiscard]] Result<void> check_if_match(const net::HttpRequest& http, TimePoint updated_at);

// A successful answer to a GET whose ETag is in If-None-Match becomes 304 without a body.
void answer_if_none_match(const net::HttpRequest& http, net::HttpResponse& response);

}  // namespace fairlead::control
