#include "control_plane/services/functions.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/domain/json_scan.hpp"
#include "common/script/runner.hpp"
#include "control_plane/http/context.hpp"

namespace fairlead::control {
namespace {

using Json = nlohmann::ordered_json;

static_assert(function_bytes_max == script::source_bytes_max);

constexpr const char* kField = "function";
// Members of a message whose values are texts; "data" may be anything, "custom_headers" is a map of texts.
constexpr std::array kTexts = {"endpoint_id", "owner_id", "event_type", "idempotency_key"};

// As an answer about that field.
std::unexpected<Error> about(std::string_view field, Error error) {
  if (error.code == Code::invalid) {
    error.message = std::string(field) + ": " + error.message;
    error.field = field;
  }
  return fail(std::move(error));
}

std::unexpected<Error> misshapen(const std::string& what) {
  return bad_field(kField, "function_output_invalid", std::string(kField) + ": what it returns " + what);
}

// The text of an object in the body; "{}" if it is not there.
Result<std::string> object_text(const JsonBody& body, std::string_view name) {
  FL_TRY(const auto object, body.object(name));
  if (!object.has_value()) return "{}";
  auto text = body.find(name)->dump();
  if (text.size() <= script::payload_bytes_max) return text;
  return bad_field(std::string(name), "too_long", std::string(name) + " has at most 1 MiB of JSON");
}

Result<void> check_texts(const Json& value, const std::string& where) {
  if (!value.is_object()) return misshapen(where + " must be an object of strings");
  for (const auto& [name, member] : value.items()) {
    if (!member.is_string()) return misshapen(where + " must be an object of strings, and " + name + " is none");
  }
  return {};
}

}  // namespace

Task<Result<void>> check_functions(Context& context, ProjectId project, JsonBody body,
                                   std::vector<std::string> fields) {
  for (const auto& name : fields) {
    FL_CO_TRY(auto source, body.text(name, function_bytes_max));
    if (source.value.empty()) continue;
    const auto checked = co_await context.scripts.run(to_text(project), {.source = std::move(source.value)});
    if (!checked) co_return about(name, checked.error());
  }
  co_return Result<void>{};
}

Task<Result<FunctionTrial>> try_function(Context& context, ProjectId project, JsonBody body) {
  script::Job job;
  FL_CO_TRY(job.source, body.required_text(kField, function_bytes_max));
  FL_CO_TRY(job.payload, object_text(body, "payload"));
  FL_CO_TRY(job.context, object_text(body, "context"));
  auto output = co_await context.scripts.run(to_text(project), std::move(job));
  if (!output) co_return about(kField, output.error());
  // The worker is not trusted with what our answer looks like.
  if (!validate_json(output->payload))
    co_return misshapen("is no JSON that can be sent: too deep, or with characters that are none");
  co_return FunctionTrial{std::move(output->payload), std::move(output->log)};
}

Result<void> check_message_shape(std::string_view output) {
  const auto message = Json::parse(output, nullptr, false);
  if (!message.is_object()) return misshapen("must be an object");
  for (const auto& [name, value] : message.items()) {
    if (name == "data") continue;
    if (name == "custom_headers") {
      if (!value.is_null()) FL_TRY_VOID(check_texts(value, "in custom_headers"));
      continue;
    }
    if (std::ranges::find(kTexts, name) == kTexts.end()) {
      return misshapen(
          "has the member " + name +
          "; only endpoint_id, owner_id, event_type, data, custom_headers and idempotency_key may be there");
    }
    if (!value.is_string()) return misshapen("must have a string as its " + name);
  }
  if (message.value("event_type", "").empty()) return misshapen("must have an event_type");
  if (!message.contains("data")) return misshapen("must have data");
  return {};
}

Result<void> check_header_shape(std::string_view output) {
  const auto headers = Json::parse(output, nullptr, false);
  return check_texts(headers, "as headers");
}

}  // namespace fairlead::control
