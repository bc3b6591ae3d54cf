#include "common/ops/log.hpp"

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "common/core/utf8.hpp"

namespace fairlead {
namespace {

class EscapedMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string text = to_log_text({message.payload.data(), message.payload.size()});
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<EscapedMessage>();
  }
};

// C0, DEL, C1, and the line and paragraph separators: what a terminal or a line reader might act on.
bool is_escaped(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029;
}

// The code point of a well-formed sequence of up to three bytes; longer ones need no look.
std::uint32_t code_point(std::string_view sequence) {
  const auto byte = [&](std::size_t index) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(sequence[index]));
  };
  switch (sequence.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
    case 3:
      return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    default:
      return 0xffff;
  }
}

}  // namespace

void start_logging(const std::string& program, const std::string& level) {
  spdlog::init_thread_pool(8192, 1);
  auto sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<EscapedMessage>('*');
  formatter->set_pattern(isatty(STDOUT_FILENO) != 0 ? "%H:%M:%S.%e %l %*"
                                                    : R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","program":")" +
                                                          program + R"(","message":"%*"})");
  sink->set_formatter(std::move(formatter));
  auto logger = std::make_shared<spdlog::async_logger>(program, sink, spdlog::thread_pool(),
                                                       spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(logger);
  spdlog::flush_every(std::chrono::seconds(1));
}

void stop_logging() {
  spdlog::shutdown();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("stopped", std::make_shared<spdlog::sinks::null_sink_mt>()));
}

std::string to_log_text(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    const std::size_t length = utf8_length(at, end);
    const std::string_view sequence(at, length);
    at += std::max<std::size_t>(length, 1);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (sequence == "\"" || sequence == "\\") {
      out += '\\';
      out += sequence;
    } else if (is_escaped(code_point(sequence))) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(code_point(sequence)));
      out += escape;
    } else {
      out += sequence;
    }
  }
  return out;
}

std::uint64_t log_lines_dropped() {
  const auto pool = spdlog::thread_pool();
  return pool ? pool->overrun_counter() : 0;
}

}  // namespace fairlead
