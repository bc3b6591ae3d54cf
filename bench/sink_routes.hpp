// What a request to the sink asks for, by its start line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::bench {

enum class SinkAction {
  deliver,    // POST /e/<n>: a delivery to endpoint n, answered with 200 at once
  neighbour,  // POST /n/<n>: the same, in a tally of its own
  door,       // POST /door/<n>: 503 while the door is shut, else as a neighbour's
  hang,       // POST /hang/<n>: never answered
  trickle,    // POST /trickle/<n>: a header without end, a byte now and then
  set_door,   // POST /set_door?open=<0|1>
  reset,      // POST /reset?run=<r>&fan_out=<f>&neighbour_bytes=<b>: new tallies
  report,     // GET /report
};

struct SinkRequest {
  SinkAction action = SinkAction::report;
  std::uint32_t endpoint = 0;
  std::uint32_t run = 0;
  std::uint32_t fan_out = 1;
  std::uint32_t neighbour_bytes = 0;  // 0: as the others'
  bool is_open = false;
};

// Nothing: no such request.
[[nodiscard]] std::optional<SinkRequest> parse_sink_request(std::string_view start_line);

}  // namespace fairlead::bench
