#include "sink_routes.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "tally.hpp"

namespace fairlead::bench {
namespace {

constexpr std::array<std::pair<std::string_view, SinkAction>, 5> kDeliveries{{{"e/", SinkAction::deliver},
                                                                              {"n/", SinkAction::neighbour},
                                                                              {"door/", SinkAction::door},
                                                                              {"hang/", SinkAction::hang},
                                                                              {"trickle/", SinkAction::trickle}}};

// The number at the start of `text`, which a space, a "&" or nothing follows.
std::optional<std::uint32_t> read_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto rest = text.substr(static_cast<std::size_t>(stop - text.data()));
  if (error != std::errc{} || (!rest.empty() && rest.front() != ' ' && rest.front() != '&')) return std::nullopt;
  return number;
}

std::optional<std::uint32_t> find_number(std::string_view target, std::string_view name) {
  const auto at = target.find(name);
  return at == std::string_view::npos ? std::nullopt : read_number(target.substr(at + name.size()));
}

std::optional<SinkRequest> parse_reset(std::string_view target) {
  const auto run = find_number(target, "run=");
  SinkRequest request{.action = SinkAction::reset,
                      .run = run.value_or(0),
                      .fan_out = find_number(target, "fan_out=").value_or(1),
                      .neighbour_bytes = find_number(target, "neighbour_bytes=").value_or(0)};
  const bool is_size = request.neighbour_bytes == 0 || request.neighbour_bytes >= Payload::kBytesMin;
  if (!run || !is_size || request.fan_out < 1 || request.fan_out > Tally::kFanOutMax) return std::nullopt;
  return request;
}

}  // namespace

std::optional<SinkRequest> parse_sink_request(std::string_view line) {
  if (line.starts_with("GET /report ")) return SinkRequest{.action = SinkAction::report};
  constexpr std::string_view post = "POST /";
  if (!line.starts_with(post)) return std::nullopt;
  const auto target = line.substr(post.size());
  for (const auto& [prefix, action] : kDeliveries) {
    if (!target.starts_with(prefix)) continue;
    const auto endpoint = read_number(target.substr(prefix.size()));
    if (!endpoint) return std::nullopt;
    return SinkRequest{.action = action, .endpoint = *endpoint};
  }
  if (target.starts_with("reset?")) return parse_reset(target);
  if (target.starts_with("set_door?")) {
    const auto open = find_number(target, "open=");
    if (!open) return std::nullopt;
    return SinkRequest{.action = SinkAction::set_door, .is_open = *open != 0};
  }
  return std::nullopt;
}

}  // namespace fairlead::bench
