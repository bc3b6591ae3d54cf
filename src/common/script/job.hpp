// What a script worker is asked and what it answers, and how both look on the socket between them: frames of a length
// (4 bytes, little endian) and a JSON object.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace fairlead::script {

inline constexpr std::size_t source_bytes_max = 64 * 1024;
inline constexpr std::size_t payload_bytes_max = 1024 * 1024;
inline constexpr std::size_t output_bytes_max = 1024 * 1024;
inline constexpr std::size_t log_bytes_max = 64 * 1024;
inline constexpr std::size_t log_lines_max = 1000;
inline constexpr std::size_t frame_head_bytes = 4;
// JSON text in a JSON string takes up to six bytes a byte.
inline constexpr std::size_t frame_bytes_max = 8 * (payload_bytes_max + source_bytes_max + log_bytes_max);

// `source` defines `function transform(payload, context)`. Without a payload it is only compiled and looked at.
struct Job {
  std::string source;
  std::optional<std::string> payload = {};  // JSON text
  std::string context = "{}";               // JSON text
};

struct Output {
  std::string payload;           // JSON text; empty if there was none to shape
  std::vector<std::string> log;  // what console.* was given, a line a call
};

// Why there is no output. `reason` is stable: "function_invalid" (does not compile, or has no transform),
// "function_failed" (it threw), "function_time_limit", "function_memory_limit", "function_output_limit",
// "function_no_result", "function_crashed". Line and column count from 1; 0: not known.
struct Fault {
  std::string reason;
  std::string message;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

using Answer = std::expected<Output, Fault>;

// A frame, head included.
[[nodiscard]] std::string to_frame(const Job& job);
[[nodiscard]] std::string to_frame(const Answer& answer);
// The length that a head announces.
[[nodiscard]] std::size_t frame_length(std::string_view head);
// A frame without its head. Code::internal if it is not what the other side writes.
[[nodiscard]] Result<Job> parse_job(std::string_view text);
[[nodiscard]] Result<Answer> parse_answer(std::string_view text);

}  // namespace fairlead::script
