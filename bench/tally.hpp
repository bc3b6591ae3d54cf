// What the sink has received of one run: each event once, twice or never, and how late.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "histogram.hpp"
#include "http_frame.hpp"
#include "payload.hpp"

namespace fairlead::bench {

struct TallyOptions {
  std::uint32_t run = 0;
  std::uint32_t fan_out = 1;  // endpoints that each event goes to
};

class Tally {
 public:
  static constexpr std::uint32_t kSequenceMax = 100'000'000;
  static constexpr std::uint32_t kFanOutMax = 1'000;

  Tally(TallyOptions options, Payload& payload) : options_(options), payload_(&payload) {}
  // A delivery that arrived at `now`, at the endpoint of that number.
  void add(const Frame& frame, std::uint32_t endpoint, std::int64_t now);
  [[nodiscard]] std::uint64_t unique() const { return latency_.count(); }
  [[nodiscard]] nlohmann::json to_json() const;

 private:
  TallyOptions options_;
  Payload* payload_;
  std::vector<bool> seen_;  // by sequence and endpoint
  Histogram latency_;       // sent → received, first arrivals only
  std::uint64_t duplicates_ = 0;
  std::uint64_t altered_ = 0;   // not the bytes that were sent
  std::uint64_t unsigned_ = 0;  // came without a signature header
  std::uint64_t other_runs_ = 0;
  std::uint64_t strange_ = 0;  // no stamp
  std::int64_t first_ns_ = 0;
  std::int64_t last_ns_ = 0;
};

}  // namespace fairlead::bench
