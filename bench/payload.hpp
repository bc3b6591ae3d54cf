// What the driver sends and the sink recognises: JSON of an exact size whose first member is a stamp of fixed width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::bench {

struct Stamp {
  std::uint32_t run = 0;       // which run of the driver: stragglers of an earlier one are told apart
  std::uint32_t sequence = 0;  // from 0, without gaps
  std::int64_t sent_ns = 0;    // monotonic clock
};

class Payload {
 public:
  static constexpr std::size_t kBytesMin = 256;
  // An order with lines, as a shop would send it, filled up to exactly `bytes` (at least kBytesMin).
  explicit Payload(std::size_t bytes);
  // Valid until the next call.
  std::string_view stamped(const Stamp& stamp);
  // Whether `body` is byte for byte what stamped(stamp) gives.
  bool is_intact(std::string_view body, const Stamp& stamp) { return body == stamped(stamp); }

 private:
  std::string text_;
};

// The stamp at the start of a payload, or nothing if it is none.
std::optional<Stamp> find_stamp(std::string_view body);

}  // namespace fairlead::bench
