#include "common/net/oauth.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/crypto/digest.hpp"

namespace fairlead::net {
namespace {

using nlohmann::json;

constexpr std::chrono::minutes kAssertionLife{5};
constexpr std::size_t kTokenBytesMax = 16 * 1024;
constexpr std::size_t kErrorBytesMax = 64;

std::string text_of(const json& object, const char* name, std::string fallback = "") {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::move(fallback);
}

std::string text_or(const json& object, const char* name, std::string fallback) {
  auto text = text_of(object, name);
  return text.empty() ? std::move(fallback) : text;
}

std::optional<std::chrono::milliseconds> unit_from(std::string_view name) {
  using namespace std::chrono;
  if (name.empty() || name == "seconds") return seconds(1);
  if (name == "milliseconds") return milliseconds(1);
  if (name == "minutes") return minutes(1);
  if (name == "hours") return hours(1);
  return std::nullopt;
}

crypto::Jwk jwk_from(const json& key) {
  return {.kty = text_of(key, "kty"),
          .crv = text_of(key, "crv"),
          .x = text_of(key, "x"),
          .y = text_of(key, "y"),
          .d = text_of(key, "d"),
          .n = text_of(key, "n"),
          .e = text_of(key, "e"),
          .p = text_of(key, "p"),
          .q = text_of(key, "q"),
          .dp = text_of(key, "dp"),
          .dq = text_of(key, "dq"),
          .qi = text_of(key, "qi")};
}

Result<void> read_assertion(const json& stored, OAuthConfig& config) {
  config.algorithm = text_or(stored, "signing_algorithm", "ES256");
  config.issuer = text_of(stored, "issuer");
  config.subject = text_of(stored, "subject");
  const auto key = stored.value("signing_key", json::object());
  config.key_id = text_of(key, "kid");
  auto signer = crypto::JwtSigner::from_jwk(jwk_from(key), config.algorithm);
  if (!signer) {
    auto error = std::move(signer).error();
    error.field = error.reason == "invalid_algorithm" ? "signing_algorithm"
                  : error.field.empty()               ? "signing_key"
                                                      : "signing_key." + error.field;
    return fail(std::move(error));
  }
  config.signer = *std::move(signer);
  return {};
}

Result<std::string> make_assertion(const OAuthConfig& config, TimePoint now) {
  const auto unix = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  const json header{{"alg", config.algorithm}, {"typ", "JWT"}, {"kid", config.key_id}};
  const json claims{{"iss", config.issuer},
                    {"sub", config.subject},
                    {"aud", config.url},
                    {"iat", unix.count()},
                    {"exp", (unix + kAssertionLife).count()},
                    {"jti", crypto::to_hex(crypto::random_bytes(16))}};
  if (!config.signer) return fail(Code::internal, "there is no key to sign the assertion with");
  return config.signer->sign(header.dump(), claims.dump());
}

// application/x-www-form-urlencoded: everything but the unreserved characters of RFC 3986 is escaped.
void add_field(std::string& form, std::string_view name, std::string_view value) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  if (!form.empty()) form += '&';
  form.append(name) += '=';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        std::string_view("-._~").find(c) != std::string_view::npos) {
      form += c;
    } else {
      form += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
}

// What the server says of its refusal, if it says it as RFC 6749 §5.2 asks: one word.
std::string refusal_of(const ClientResponse& response) {
  const auto answer = json::parse(response.body, nullptr, false);
  if (!answer.is_object()) return {};
  auto word = text_of(answer, "error");
  const bool is_word = !word.empty() && word.size() <= kErrorBytesMax && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return is_word ? " (" + word + ")" : std::string();
}

// A number or a numeric text, at least 0.
std::optional<double> number_from(const json& value) {
  double number = -1;
  if (value.is_number()) {
    number = value.get<double>();
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  }
  return std::isfinite(number) && number >= 0 ? std::optional(number) : std::nullopt;
}

Result<std::chrono::milliseconds> life_from(const OAuthConfig& config, const json& answer) {
  const auto found = answer.find(config.expires_in_field);
  if (found == answer.end() || found->is_null()) return token_life_max;
  const auto number = number_from(*found);
  if (!number)
    return fail(Code::unavailable, "the token server's answer has no number in \"" + config.expires_in_field + "\"");
  const double longest = static_cast<double>(std::chrono::milliseconds(token_life_max).count());
  const double life = std::min(longest, *number * static_cast<double>(config.expiry_unit.count()));
  return std::chrono::milliseconds(static_cast<std::int64_t>(life));
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

Result<OAuthConfig> read_oauth(const std::string& text) {
  const auto stored = json::parse(text, nullptr, false);
  if (!stored.is_object()) return fail(Code::invalid, "the OAuth 2.0 settings are no JSON object");
  OAuthConfig config;
  config.url = text_of(stored, "url");
  config.client_id = text_of(stored, "client_id");
  config.grant_type = text_or(stored, "grant_type", "client_credentials");
  config.scope = text_of(stored, "scope");
  config.audience = text_of(stored, "audience");
  const auto mapping = stored.value("field_mapping", json::object());
  config.access_token_field = text_or(mapping, "access_token", "access_token");
  config.token_type_field = text_or(mapping, "token_type", "token_type");
  config.expires_in_field = text_or(mapping, "expires_in", "expires_in");
  const auto unit = unit_from(text_of(stored, "expiry_time_unit"));
  if (!unit) return bad_field("expiry_time_unit", "invalid_unit", "expected seconds, milliseconds, minutes or hours");
  config.expiry_unit = *unit;
  config.is_assertion = text_of(stored, "authentication_type") == "client_assertion";
  config.client_secret = Secret(text_of(stored, "client_secret"));
  if (config.is_assertion) FL_TRY_VOID(read_assertion(stored, config));
  return config;
}

Result<ClientRequest> make_token_request(const OAuthConfig& config, TimePoint now) {
  ClientRequest request;
  FL_TRY(request.url, parse_url(config.url));
  std::string form;
  add_field(form, "grant_type", config.grant_type);
  add_field(form, "client_id", config.client_id);
  if (config.is_assertion) {
    FL_TRY(const auto assertion, make_assertion(config, now));
    add_field(form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    add_field(form, "client_assertion", assertion);
  } else {
    add_field(form, "client_secret", config.client_secret.reveal());
  }
  if (!config.scope.empty()) add_field(form, "scope", config.scope);
  if (!config.audience.empty()) add_field(form, "audience", config.audience);
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  request.body = std::make_shared<const std::string>(std::move(form));
  return request;
}

Result<AccessToken> read_token(const OAuthConfig& config, const ClientResponse& response, TimePoint now) {
  const auto refuse = [](std::string why) { return fail(Code::unavailable, "the token server " + std::move(why)); };
  if (response.failure != FailureClass::none && response.failure != FailureClass::http_status)
    return refuse("cannot be reached: " + std::string(to_text(response.failure)) + ": " + response.error);
  if (response.status != 200) return refuse("answered HTTP " + std::to_string(response.status) + refusal_of(response));
  if (response.body_truncated) return refuse("answered too much");
  const auto answer = json::parse(response.body, nullptr, false);
  if (!answer.is_object()) return refuse("did not answer with a JSON object");
  AccessToken token;
  token.value = Secret(text_of(answer, config.access_token_field.c_str()));
  if (token.value.empty()) return refuse("answered without \"" + config.access_token_field + "\"");
  token.type = text_or(answer, config.token_type_field.c_str(), "Bearer");
  if (token.value.reveal().size() > kTokenBytesMax || token.type.size() > kErrorBytesMax || !is_visible(token.type) ||
      !is_visible(token.value.reveal()))
    return refuse("answered with a token that no header can carry");
  FL_TRY(const auto life, life_from(config, answer));
  token.expires_at = now + life;
  return token;
}

}  // namespace fairlead::net
