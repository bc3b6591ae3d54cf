// What an answer means for its delivery and its endpoint. Pure: time and jitter are passed in.
#pragma once

#include <optional>
#include <string>

#include "common/domain/delivery.hpp"
#include "common/domain/retry.hpp"
#include "common/net/http_client.hpp"

namespace fairlead::deliver {

struct Trial {
  RetryPolicy policy;
  int attempt = 1;  // the one that was answered, counted from 1 since the retry budget began
  bool is_at_most_once = false;
  TimePoint now;
  double jitter = 0;  // [0,1)
};

struct Verdict {
  DeliveryStatus status = DeliveryStatus::success;
  std::optional<TimePoint> next_due;    // for DeliveryStatus::retry
  std::string reason;                   // empty on success
  std::optional<TimePoint> hold_until;  // the whole endpoint asked to be left alone (429 or 503 with Retry-After)
  bool is_gone = false;                 // 410: the endpoint wants no more
};

// 2xx is success, everything else is tried again while the policy lasts. At most once: tried again only if the request
// cannot have been received (it failed before it was written).
[[nodiscard]] Verdict judge_answer(const net::ClientResponse& response, const Trial& trial);

// Retry-After (RFC 9110 §10.2.3): seconds or an HTTP date, clamped to 1 s … 1 h from now; nothing if it is neither.
[[nodiscard]] std::optional<TimePoint> parse_retry_after(std::string_view value, TimePoint now);

}  // namespace fairlead::deliver
