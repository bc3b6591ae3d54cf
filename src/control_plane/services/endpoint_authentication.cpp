#include "control_plane/services/endpoint_authentication.hpp"

#include <nlohmann/json.hpp>

#include "control_plane/services/endpoint_oauth.hpp"
#include "control_plane/services/header_rules.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kCredentialBytesMax = 4096;

// The names under which a type keeps its public and its secret half, on the wire and sealed alike.
struct Shape {
  const char* type;
  const char* public_name;
  const char* secret_name;
};
constexpr Shape kApiKey{"api_key", "header_name", "header_value"};
constexpr const char* kOAuth = "oauth2";
constexpr Shape kBasicAuth{"basic_auth", "username", "password"};

Result<nlohmann::json> opened(const store::Endpoint& endpoint, const crypto::Sealer& sealer) {
  FL_TRY(const auto clear, sealer.open(endpoint.authentication->sealed, to_text(endpoint.id)));
  return nlohmann::json::parse(clear.reveal());
}

Result<std::string> credential(const JsonBody& part, const Shape& shape, const store::Endpoint& endpoint,
                               const crypto::Sealer& sealer) {
  FL_TRY(auto secret, part.required_text(shape.secret_name, kCredentialBytesMax));
  if (secret != redacted) return secret;
  if (!endpoint.authentication || endpoint.authentication->type != shape.type) {
    return bad_field(part.path_of(shape.secret_name), "required",
                     "a redacted value stands for one that is kept, and none is kept");
  }
  FL_TRY(const auto kept, opened(endpoint, sealer));
  return kept.value(shape.secret_name, "");
}

Result<store::StoredAuthentication> read_part(const JsonBody& input, const Shape& shape,
                                              const store::Endpoint& endpoint, const crypto::Sealer& sealer) {
  FL_TRY(const auto part, input.object(shape.type));
  FL_TRY(const auto given, required(input, shape.type, part));
  FL_TRY(const auto name, given.required_text(shape.public_name, kCredentialBytesMax));
  if (std::string_view(shape.type) == kApiKey.type)
    FL_TRY_VOID(check_header_name(name, given.path_of(shape.public_name)));
  FL_TRY_VOID(check_header_value(name, given.path_of(shape.public_name)));
  if (std::string_view(shape.type) == kBasicAuth.type && name.find(':') != std::string::npos) {
    return bad_field(given.path_of(shape.public_name), "invalid_username",
                     "a user name of basic authentication has no colon");
  }
  FL_TRY(const auto secret, credential(given, shape, endpoint, sealer));
  FL_TRY_VOID(check_header_value(secret, given.path_of(shape.secret_name)));
  const nlohmann::json clear{{shape.public_name, name}, {shape.secret_name, secret}};
  return store::StoredAuthentication{shape.type, sealer.seal(clear.dump(), to_text(endpoint.id))};
}

Result<store::StoredAuthentication> read_oauth_part(const JsonBody& input, const store::Endpoint& endpoint,
                                                    const crypto::Sealer& sealer, const net::AddressGuard& guard) {
  FL_TRY(const auto part, input.object(kOAuth));
  FL_TRY(const auto given, required(input, kOAuth, part));
  nlohmann::ordered_json kept;
  if (endpoint.authentication && endpoint.authentication->type == kOAuth) {
    FL_TRY(const auto clear, sealer.open(endpoint.authentication->sealed, to_text(endpoint.id)));
    kept = nlohmann::ordered_json::parse(clear.reveal());
  }
  FL_TRY(const auto stored, read_oauth_input(given, kept, guard));
  return store::StoredAuthentication{kOAuth, sealer.seal(stored.dump(), to_text(endpoint.id))};
}

}  // namespace

Result<std::optional<store::StoredAuthentication>> read_authentication(const JsonBody& input,
                                                                       const store::Endpoint& endpoint,
                                                                       const crypto::Sealer& sealer,
                                                                       const net::AddressGuard& guard) {
  FL_TRY(const auto type, input.text("type", 64));
  if (type.value.empty()) return std::nullopt;
  if (type.value == kApiKey.type) return read_part(input, kApiKey, endpoint, sealer);
  if (type.value == kBasicAuth.type) return read_part(input, kBasicAuth, endpoint, sealer);
  if (type.value == kOAuth) return read_oauth_part(input, endpoint, sealer, guard);
  return bad_field(input.path_of("type"), "invalid_type",
                   input.path_of("type") + ": expected api_key, basic_auth or oauth2");
}

Result<void> write_authentication(JsonWriter& json, const store::Endpoint& endpoint, const crypto::Sealer& sealer) {
  FL_TRY(const auto shown, store::shown_authentication(endpoint, sealer));
  json.raw(shown);
  return {};
}

}  // namespace fairlead::control
