// Latencies in constant memory: logarithmic buckets, each split in 256, so that a percentile is exact to 0.4 %.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace fairlead::bench {

class Histogram {
 public:
  Histogram();
  // Negative durations count as 0.
  void add(std::int64_t duration_ns);
  void merge(const Histogram& other);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  // The duration that a share of 0…1 does not exceed (the bucket's middle, never above the maximum), 0 if empty.
  [[nodiscard]] double percentile_ns(double share) const;
  // count, and mean, p50, p90, p99, p999 and max in milliseconds.
  [[nodiscard]] nlohmann::json to_json() const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  double sum_ns_ = 0;
  std::int64_t max_ns_ = 0;
};

}  // namespace fairlead::bench
