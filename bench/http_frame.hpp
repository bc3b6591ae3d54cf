// Where an HTTP/1.1 message ends, for two programs that speak to a server they know: cheap, so that the measuring tools
// leave the machine to what they measure. Only Content-Length framing: anything else is an error, never a guess.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::bench {

struct Frame {
  std::string_view start_line;  // views into the buffer that was parsed
  std::string_view body;
  std::size_t total_bytes = 0;  // of head and body
  bool keep_alive = true;
  bool has_signature = false;  // a Standard Webhooks signature header came with it
};

// The first message in `buffer`, nothing if it is not whole yet, or why it cannot be read. A head may have 64 KiB, a
// body 16 MiB.
std::expected<std::optional<Frame>, std::string> parse_frame(std::string_view buffer);

}  // namespace fairlead::bench
