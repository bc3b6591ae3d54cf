#include "control_plane/resources/oauth_test.hpp"

#include "control_plane/http/context.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/http/json_writer.hpp"
#include "control_plane/services/endpoint_oauth.hpp"

namespace fairlead::control {

// POST …/endpoints/oauth2/test: 200 whenever the request is well formed; `success` tells whether a token came.
Task<Result<Response>> test_oauth_connection(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto body, JsonBody::parse(request->http->body));
  FL_CO_TRY(const auto field, body.object("oauth2"));
  FL_CO_TRY(const auto input, required(body, "oauth2", field));
  FL_CO_TRY(const auto settings, read_oauth_input(input, nullptr, context.guard));
  const auto outcome = co_await fetch_test_token(context, settings.dump());
  JsonWriter json;
  json.begin_object().field("success", outcome.is_success);
  json.text_or_absent("access_token", outcome.access_token).text_or_absent("token_type", outcome.token_type);
  outcome.expires_at ? json.field("expires_at", *outcome.expires_at) : json.field("expires_at", "0001-01-01T00:00:00Z");
  json.text_or_absent("error", outcome.error);
  json.field("message", outcome.is_success ? "a token was issued" : "no token was issued").end_object();
  co_return net::success(net::http::status::ok, "OAuth2 connection tested", json.take());
}

}  // namespace fairlead::control
