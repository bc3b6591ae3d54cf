// Proves that a request came from whom its source names: by the raw bytes, in constant time.
#pragma once

#include "common/domain/source.hpp"
#include "common/net/http_server.hpp"

namespace fairlead::ingest {

// How far a signed timestamp may be from now, either way.
inline constexpr std::chrono::seconds timestamp_tolerance{300};

// Code::invalid, reason "verification_failed" (the same for every fault, so that nothing is learnt from it), or
// "timestamp_out_of_tolerance" for a good signature of another time.
[[nodiscard]] Result<void> verify_source_request(const SourceVerifier& verifier, const net::HttpRequest& request,
                                                 TimePoint now);

}  // namespace fairlead::ingest
