// Functions in requests: what must hold of one before it is kept, and trying one. They run in workers
// (common/script/runner.hpp), bounded in time, memory and output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/core/id.hpp"
#include "common/ops/task.hpp"
#include "control_plane/http/json_body.hpp"

namespace fairlead::control {

struct Context;

inline constexpr std::size_t function_bytes_max = 64 * 1024;

struct FunctionTrial {
  std::string payload;           // JSON text
  std::vector<std::string> log;  // a line a call of console.*
};

// Whether each function that the body brings in these fields compiles and defines `transform`; absent, null and empty
// are not looked at. Code::invalid names the field, and the line and column where known: "function_invalid",
// "function_failed" (its outermost code throws) or a limit. Code::rate_limited "functions_busy", Code::unavailable
// "functions_unavailable": try again.
[[nodiscard]] Task<Result<void>> check_functions(Context& context, ProjectId project, JsonBody body,
                                                 std::vector<std::string> fields);
// Runs the body's `function` on its `payload` and `context`, objects that may be absent. Errors as above, and
// "function_no_result", "function_output_limit", "function_output_invalid" (deeper than JSON may be).
[[nodiscard]] Task<Result<FunctionTrial>> try_function(Context& context, ProjectId project, JsonBody body);

// Whether JSON text is what a source's body function must make: an event's members and nothing else. Code::invalid,
// reason "function_output_invalid", names the member.
[[nodiscard]] Result<void> check_message_shape(std::string_view output);
// The same of a header function: an object of strings.
[[nodiscard]] Result<void> check_header_shape(std::string_view output);

}  // namespace fairlead::control
