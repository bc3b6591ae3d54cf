#include "data_plane/lanes/hints.hpp"

#include <charconv>

#include "common/store/upkeep.hpp"

namespace fairlead::lanes {
std::vector<store::EndpointDue> parse_hint(std::string_view payload, TimePoint now, int lane_count) {
  std::vector<store::EndpointDue> endpoints;
  while (!payload.empty()) {
    const auto comma = payload.find(',');
    const auto part = payload.substr(0, comma);
    payload.remove_prefix(comma == std::string_view::npos ? payload.size() : comma + 1);
    const auto first = part.find('/'), second = part.rfind('/');
    if (first == std::string_view::npos || second == first) continue;
    std::int16_t lane = -1;
    const auto [end, error] = std::from_chars(part.data(), part.data() + first, lane);
    const auto endpoint = id_from_uuid(part.substr(first + 1, second - first - 1));
    const auto project = id_from_uuid(part.substr(second + 1));
    if (error != std::errc{} || end != part.data() + first || lane < 0 || lane >= lane_count || !endpoint || !project)
      continue;
    endpoints.push_back({lane, EndpointId{*endpoint}, ProjectId{*project}, now});
  }
  return endpoints;
}

HintListener::HintListener(store::DbOptions options, Heard heard)
    : thread_([this, options = std::move(options), heard = std::move(heard)]() mutable {
        run(std::move(options), std::move(heard));
      }) {}

HintListener::~HintListener() {
  is_stopping_ = true;
  thread_.join();
}

void HintListener::run(store::DbOptions options, Heard heard) {
  store::Connection connection(std::move(options));
  while (!is_stopping_) {
    auto payloads = connection.wait_notification(store::hint_channel, std::chrono::milliseconds(250));
    if (!payloads) {
      // The database is away; the scans stand in until it is back.
      for (int step = 0; step < 4 && !is_stopping_; ++step) std::this_thread::sleep_for(std::chrono::milliseconds(250));
      continue;
    }
    for (auto& payload : *payloads) heard(std::move(payload));
  }
}

}  // namespace fairlead::lanes
