#include "histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace fairlead::bench {
namespace {

constexpr int kSplitBits = 8;
constexpr std::uint64_t kSplit = 1U << kSplitBits;

// Below 2 * kSplit a bucket is one nanosecond; each doubling above has kSplit buckets.
std::size_t bucket_of(std::uint64_t value) {
  if (value < 2 * kSplit) return value;
  const int shift = std::bit_width(value) - 1 - kSplitBits;
  return (static_cast<std::size_t>(shift) << kSplitBits) + (value >> shift);
}

double middle_of(std::size_t bucket) {
  if (bucket < 2 * kSplit) return static_cast<double>(bucket);
  const auto shift = static_cast<int>(bucket >> kSplitBits) - 1;
  const auto from = (bucket & (kSplit - 1)) + kSplit;
  return std::ldexp(static_cast<double>(from) + 0.5, shift);
}

double to_ms(double ns) { return std::round(ns / 1e3) / 1e3; }

}  // namespace

Histogram::Histogram() : buckets_(bucket_of(UINT64_MAX) + 1) {}

void Histogram::add(std::int64_t duration_ns) {
  const auto value = std::max<std::int64_t>(duration_ns, 0);
  ++buckets_[bucket_of(static_cast<std::uint64_t>(value))];
  ++count_;
  sum_ns_ += static_cast<double>(value);
  max_ns_ = std::max(max_ns_, value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) buckets_[bucket] += other.buckets_[bucket];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

double Histogram::percentile_ns(double share) const {
  if (count_ == 0) return 0;
  const auto rank =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  if (rank >= count_) return static_cast<double>(max_ns_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= rank) return std::min(middle_of(bucket), static_cast<double>(max_ns_));
  }
  return static_cast<double>(max_ns_);
}

nlohmann::json Histogram::to_json() const {
  const double mean_ns = count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_);
  return {{"count", count_},
          {"mean_ms", to_ms(mean_ns)},
          {"p50_ms", to_ms(percentile_ns(0.5))},
          {"p90_ms", to_ms(percentile_ns(0.9))},
          {"p99_ms", to_ms(percentile_ns(0.99))},
          {"p999_ms", to_ms(percentile_ns(0.999))},
          {"max_ms", to_ms(static_cast<double>(max_ns_))}};
}

}  // namespace fairlead::bench
