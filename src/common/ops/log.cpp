#include "common/ops/log.hpp"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <mutex>

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

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kLastLinesWithin{1};
std::atomic<Clock::time_point> output_until{Clock::time_point::max()};

// Waits as long as it takes for whoever reads our output, but not past stop_logging: a pipe that nobody reads must not
// keep the program from ending.
class OutputSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    std::string_view rest(text.data(), text.size());
    while (!rest.empty() && waits_until_writable()) {
      // What fits into a pipe that polls as writable does not block.
      const auto written = write(STDOUT_FILENO, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
      if (written < 0 && errno != EINTR && errno != EAGAIN) return;
      rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
  }
  void flush_() override {}

 private:
  bool waits_until_writable() {
    constexpr int kLookMs = 100;
    pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    while (!has_given_up_) {
      const int ready = poll(&output, 1, kLookMs);
      if (ready > 0) return true;
      has_given_up_ = Clock::now() >= output_until.load();
    }
    return false;
  }
  bool has_given_up_ = false;
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
  output_until = Clock::time_point::max();
  spdlog::init_thread_pool(8192, 1);
  auto sink = std::make_shared<OutputSink>();
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
  output_until = Clock::now() + kLastLinesWithin;
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
