// What an attempt keeps beyond its key: one compact value (attempts.detail), since every delivery writes one. Names and
// values that come with every request take a byte, hashes their own length; everything else is stored as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/core/id.hpp"
#include "common/core/result.hpp"

namespace fairlead::store {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// One HTTP request of a delivery, as it is kept. Text is a stranger's bytes and need not be UTF-8.
struct AttemptRecord {
  std::string url;
  std::string address;  // dialled, with port; empty: none
  TimePoint requested_at;
  std::optional<TimePoint> responded_at;
  int status = 0;  // HTTP status; 0: no answer
  std::string reason_phrase;
  std::string failure;  // the failure class, "none" for success
  std::string error;
  HeaderList request_headers;  // credentials masked
  HeaderList response_headers;
  std::string response_body;
  std::int64_t phases_us[5] = {-1, -1, -1, -1, -1};  // dns, connect, tls, first byte, total; -1: not reached
};

// Everything but requested_at, status and failure, which have columns of their own.
[[nodiscard]] std::string encode_detail(const AttemptRecord& attempt, const DeliveryId& delivery);
// Fills what encode_detail keeps; requested_at has to be set. Code::internal if the bytes are of another version or
// damaged.
[[nodiscard]] Result<void> decode_detail(std::string_view detail, const DeliveryId& delivery, AttemptRecord& attempt);

// The whole of a successful attempt, for deliveries.first_attempt: its status and time stand before the detail.
[[nodiscard]] std::string encode_first_attempt(const AttemptRecord& attempt, const DeliveryId& delivery);
// Code::internal as decode_detail; what could be read is in `attempt`.
[[nodiscard]] Result<void> decode_first_attempt(std::string_view bytes, const DeliveryId& delivery,
                                                AttemptRecord& attempt);

}  // namespace fairlead::store
