// Expected failure as a value: Result<T> and the closed list of error codes (docs/CONTRIBUTING.md, "Errors").
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead {

enum class Code {
  invalid,
  unauthorized,
  forbidden,
  not_found,
  conflict,
  precondition_failed,
  gone,
  too_large,
  rate_limited,
  unavailable,
  internal,
};

// What went wrong. `message` is for people, `reason` a stable machine word (empty: the code's own name),
// `field` the dotted request field at fault, if one is.
struct Error {
  Code code = Code::internal;
  std::string message;
  std::string reason = {};
  std::string field = {};
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] std::string_view to_text(Code code);

[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected(Error{.code = code, .message = std::move(message)});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }
// A bad field of a request: `reason` is stable, `message` says what was expected.
[[nodiscard]] inline std::unexpected<Error> bad_field(std::string field, std::string reason, std::string message) {
  return std::unexpected(Error{Code::invalid, std::move(message), std::move(reason), std::move(field)});
}

}  // namespace fairlead

#define FL_CAT_TEXT(a, b) a##b
#define FL_CAT(a, b) FL_CAT_TEXT(a, b)
// FL_TRY(const auto x, f()): x is the value, or the enclosing function returns the error.
#define FL_TRY(declaration, expression)                                                                       \
  auto FL_CAT(fl_result_, __LINE__) = (expression);                                                           \
  if (!FL_CAT(fl_result_, __LINE__)) return std::unexpected(std::move(FL_CAT(fl_result_, __LINE__)).error()); \
  declaration = *std::move(FL_CAT(fl_result_, __LINE__))
// The same for Result<void>.
#define FL_TRY_VOID(expression)                                                        \
  if (auto FL_CAT(fl_result_, __LINE__) = (expression); !FL_CAT(fl_result_, __LINE__)) \
  return std::unexpected(std::move(FL_CAT(fl_result_, __LINE__)).error())
#define FL_CO_TRY(declaration, expression)                                                                       \
  auto FL_CAT(fl_result_, __LINE__) = (expression);                                                              \
  if (!FL_CAT(fl_result_, __LINE__)) co_return std::unexpected(std::move(FL_CAT(fl_result_, __LINE__)).error()); \
  declaration = *std::move(FL_CAT(fl_result_, __LINE__))
#define FL_CO_TRY_VOID(expression)                                                     \
  if (auto FL_CAT(fl_result_, __LINE__) = (expression); !FL_CAT(fl_result_, __LINE__)) \
  co_return std::unexpected(std::move(FL_CAT(fl_result_, __LINE__)).error())
