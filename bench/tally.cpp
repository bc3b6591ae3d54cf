#include "tally.hpp"

#include <algorithm>

namespace fairlead::bench {

void Tally::add(const Frame& frame, std::uint32_t endpoint, std::int64_t now) {
  const auto stamp = find_stamp(frame.body);
  if (!stamp || stamp->sequence >= kSequenceMax) {
    ++strange_;
    return;
  }
  if (stamp->run != options_.run) {
    ++other_runs_;
    return;
  }
  if (!payload_->is_intact(frame.body, *stamp)) ++altered_;
  if (!frame.has_signature) ++unsigned_;
  const std::size_t place = std::size_t{stamp->sequence} * options_.fan_out + endpoint % options_.fan_out;
  if (place >= seen_.size()) seen_.resize(std::max(place + 1, seen_.size() * 2));
  if (seen_[place]) {
    ++duplicates_;
    return;
  }
  seen_[place] = true;
  if (first_ns_ == 0) first_ns_ = now;
  last_ns_ = now;
  latency_.add(now - stamp->sent_ns);
}

nlohmann::json Tally::to_json() const {
  return {{"run", options_.run},          {"fan_out", options_.fan_out},  {"unique", unique()},
          {"duplicates", duplicates_},    {"altered", altered_},          {"unsigned", unsigned_},
          {"other_runs", other_runs_},    {"strange", strange_},          {"first_received_ns", first_ns_},
          {"last_received_ns", last_ns_}, {"latency", latency_.to_json()}};
}

}  // namespace fairlead::bench
