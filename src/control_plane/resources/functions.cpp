#include "control_plane/resources/functions.hpp"

#include "control_plane/http/context.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/http/json_writer.hpp"
#include "control_plane/services/functions.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kTypeBytesMax = 32;

Response trial_response(const FunctionTrial& trial) {
  JsonWriter json;
  json.begin_object().raw_field("payload", trial.payload).field("log", trial.log).end_object();
  return net::success(net::http::status::ok, "What the function made", json.take());
}

}  // namespace

// POST …/subscriptions/test_function: 200 with what it made and said. Its `type` means nothing here.
Task<Result<Response>> try_subscription_function(Context& context, RequestPtr request) {
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  FL_CO_TRY(const auto trial, co_await try_function(context, request->project(), std::move(body)));
  co_return trial_response(trial);
}

// POST …/sources/test_function: the same; of the type "body" or "header", what it makes must be usable as such.
Task<Result<Response>> try_source_function(Context& context, RequestPtr request) {
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  FL_CO_TRY(const auto type, body.text("type", kTypeBytesMax));
  const bool is_body = type.value == "body", is_header = type.value == "header";
  if (!type.value.empty() && !is_body && !is_header)
    co_return bad_field("type", "invalid_type", "type: expected body or header");
  FL_CO_TRY(const auto trial, co_await try_function(context, request->project(), std::move(body)));
  if (is_body) FL_CO_TRY_VOID(check_message_shape(trial.payload));
  if (is_header) FL_CO_TRY_VOID(check_header_shape(trial.payload));
  co_return trial_response(trial);
}

}  // namespace fairlead::control
