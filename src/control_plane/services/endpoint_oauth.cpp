#include "control_plane/services/endpoint_oauth.hpp"

#include <algorithm>
#include <array>

#include "common/net/http_client.hpp"
#include "common/net/oauth.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/services/endpoint_authentication.hpp"

namespace fairlead::control {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kTestTimeout{10};
constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kTextBytesMax = 1024;
constexpr std::size_t kSecretBytesMax = 4096;
constexpr std::size_t kNumberBytesMax = 1400;  // 8,192 bits as base64url
constexpr std::array kPublicMembers = {"kty", "crv", "x", "y", "n", "e", "kid"};
constexpr std::array kOptionalTexts = {"grant_type", "scope", "audience"};

const Json& member_of(const Json& object, const char* name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

// A secret text, or what is kept in its place if it comes back redacted. Empty: absent.
Result<std::string> secret_text(const JsonBody& input, const char* name, const Json& kept, std::size_t bytes_max) {
  FL_TRY(auto field, input.text(name, bytes_max));
  if (field.value != redacted) return std::move(field.value);
  const auto& known = member_of(kept, name);
  if (!known.is_string())
    return bad_field(input.path_of(name), "required", "a redacted value stands for one that is kept, and none is kept");
  return known.get<std::string>();
}

Result<void> copy_text(Json& target, const JsonBody& input, const char* name, std::size_t bytes_max) {
  FL_TRY(const auto field, input.text(name, bytes_max));
  if (!field.value.empty()) target[name] = field.value;
  return {};
}

Result<void> require_text(Json& target, const JsonBody& input, const char* name) {
  FL_TRY(target[name], input.required_text(name, kTextBytesMax));
  return {};
}

Result<void> read_signing(Json& target, const JsonBody& input, const Json& kept) {
  FL_TRY(const auto key_field, input.object("signing_key"));
  FL_TRY(const auto key, required(input, "signing_key", key_field));
  Json stored = Json::object();
  for (const char* name : {"kty", "kid"}) FL_TRY_VOID(require_text(stored, key, name));
  for (const char* name : kPublicMembers) FL_TRY_VOID(copy_text(stored, key, name, kNumberBytesMax));
  for (const char* name : store::jwk_private_members) {
    FL_TRY(const auto value, secret_text(key, name, member_of(kept, "signing_key"), kNumberBytesMax));
    if (!value.empty()) stored[name] = value;
  }
  if (!stored.contains("d")) return bad_field(key.path_of("d"), "required", key.path_of("d") + " is required");
  target["signing_key"] = std::move(stored);
  FL_TRY_VOID(copy_text(target, input, "signing_algorithm", kTextBytesMax));
  if (!target.contains("signing_algorithm")) target["signing_algorithm"] = "ES256";
  for (const char* name : {"issuer", "subject"}) FL_TRY_VOID(require_text(target, input, name));
  return {};
}

Result<void> read_mapping(Json& target, const JsonBody& input) {
  FL_TRY(const auto field, input.object("field_mapping"));
  if (!field.has_value()) return {};
  Json mapping = Json::object();
  for (const char* name : {"access_token", "token_type", "expires_in"})
    FL_TRY_VOID(copy_text(mapping, field.value, name, kTextBytesMax));
  if (!mapping.empty()) target["field_mapping"] = std::move(mapping);
  return {};
}

Result<void> read_url(Json& target, const JsonBody& input, const net::AddressGuard& guard) {
  FL_TRY(const auto url, input.required_text("url", kUrlBytesMax));
  if (const auto checked = guard.check_url(url); !checked)
    return bad_field(input.path_of("url"), checked.error().reason,
                     input.path_of("url") + ": " + checked.error().message);
  target["url"] = url;
  return {};
}

}  // namespace

Result<Json> read_oauth_input(const JsonBody& input, const Json& kept, const net::AddressGuard& guard) {
  Json stored = Json::object();
  FL_TRY_VOID(read_url(stored, input, guard));
  FL_TRY_VOID(require_text(stored, input, "client_id"));
  for (const char* name : kOptionalTexts) FL_TRY_VOID(copy_text(stored, input, name, kTextBytesMax));
  if (!stored.contains("grant_type")) stored["grant_type"] = "client_credentials";
  FL_TRY(const auto type, input.required_text("authentication_type", kTextBytesMax));
  stored["authentication_type"] = type;
  if (type == "shared_secret") {
    FL_TRY(const auto secret, secret_text(input, "client_secret", kept, kSecretBytesMax));
    if (secret.empty())
      return bad_field(input.path_of("client_secret"), "required", input.path_of("client_secret") + " is required");
    stored["client_secret"] = secret;
  } else if (type == "client_assertion") {
    FL_TRY_VOID(read_signing(stored, input, kept));
  } else {
    return bad_field(input.path_of("authentication_type"), "invalid_type",
                     input.path_of("authentication_type") + ": expected shared_secret or client_assertion");
  }
  FL_TRY_VOID(read_mapping(stored, input));
  FL_TRY_VOID(copy_text(stored, input, "expiry_time_unit", kTextBytesMax));
  if (!stored.contains("expiry_time_unit")) stored["expiry_time_unit"] = "seconds";
  // What a delivery could not use is refused here, in the words of the field.
  if (auto read = net::read_oauth(stored.dump()); !read) {
    auto error = std::move(read).error();
    error.field = input.path_of(error.field);
    return fail(std::move(error));
  }
  return stored;
}

Task<TestedToken> fetch_test_token(Context& context, std::string settings_json) {
  TestedToken tested;
  const auto settings = net::read_oauth(settings_json);
  auto made = settings ? net::make_token_request(*settings, wall_now()) : std::unexpected(settings.error());
  if (!made) {
    tested.error = made.error().message;
    co_return tested;
  }
  made->timeout = kTestTimeout;
  const auto response = co_await context.client.post(*std::move(made));
  const auto token = net::read_token(*settings, response, wall_now());
  if (!token) {
    tested.error = token.error().message;
    co_return tested;
  }
  tested.is_success = true;
  tested.access_token = token->value.reveal();
  tested.token_type = token->type;
  tested.expires_at = token->expires_at;
  co_return tested;
}

}  // namespace fairlead::control
