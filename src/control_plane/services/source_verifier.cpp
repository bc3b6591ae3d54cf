#include "control_plane/services/source_verifier.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/crypto/digest.hpp"
#include "control_plane/services/endpoint_authentication.hpp"
#include "control_plane/services/header_rules.hpp"

namespace fairlead::control {
namespace {

using nlohmann::json;

constexpr std::size_t kTextBytesMax = 255;
constexpr std::size_t kSecretBytesMax = 4096;

// The members of a verifier's object: who, the secret, and further ones that are good too while secrets are rotated.
struct Shape {
  const char* type;
  const char* public_name;
  const char* secret_name;
  const char* more_name;
};
constexpr Shape kShapes[] = {{"hmac", "header", "secret", "secrets"},
                             {"basic_auth", "username", "password", "passwords"},
                             {"api_key", "header_name", "header_value", "header_values"}};

const Shape* shape_of(std::string_view type) {
  const auto* found = std::ranges::find(kShapes, type, &Shape::type);
  return found == std::end(kShapes) ? nullptr : found;
}

Result<json> kept_of(const store::Source& source, const crypto::Sealer& sealer) {
  if (source.verifier_sealed.empty()) return json::object();
  FL_TRY(const auto clear, sealer.open(source.verifier_sealed, to_text(source.id)));
  return json::parse(clear.reveal());
}

auto nothing_kept(std::string field) {
  return bad_field(std::move(field), "required", "a redacted value stands for one that is kept, and none is kept");
}

Result<json> read_secrets(const JsonBody& part, const Shape& shape, const json& kept) {
  const auto same = kept.value(shape.type, json::object());
  FL_TRY(auto secret, part.required_text(shape.secret_name, kSecretBytesMax));
  if (secret == redacted) {
    if (!same.contains(shape.secret_name)) return nothing_kept(part.path_of(shape.secret_name));
    secret = same[shape.secret_name].get<std::string>();
  }
  FL_TRY(auto more, part.texts(shape.more_name, source_secrets_max - 1));
  const auto kept_more = same.value(shape.more_name, json::array());
  for (std::size_t index = 0; index < more.value.size(); ++index) {
    const auto field = part.path_of(shape.more_name) + "." + std::to_string(index);
    auto& each = more.value[index];
    if (each.empty()) return bad_field(field, "required", field + " must not be empty");
    if (each.size() > kSecretBytesMax) return bad_field(field, "too_long", field + " is too long");
    if (each != redacted) continue;
    if (index >= kept_more.size()) return nothing_kept(field);
    each = kept_more[index].get<std::string>();
  }
  json read{{shape.secret_name, std::move(secret)}};
  if (!more.value.empty()) read[shape.more_name] = std::move(more.value);
  if (!more.is_present && !kept_more.empty()) read[shape.more_name] = kept_more;
  return read;
}

Result<void> read_hmac(json& read, const JsonBody& part) {
  FL_TRY(const auto hash, part.required_text("hash", kTextBytesMax));
  if (hash != "SHA256" && hash != "SHA512")
    return bad_field(part.path_of("hash"), "invalid_hash", part.path_of("hash") + ": expected SHA256 or SHA512");
  FL_TRY(const auto encoding, part.required_text("encoding", kTextBytesMax));
  if (encoding != "hex" && encoding != "base64") {
    return bad_field(part.path_of("encoding"), "invalid_encoding",
                     part.path_of("encoding") + ": expected hex or base64");
  }
  read["hash"] = hash;
  read["encoding"] = encoding;
  return {};
}

Result<json> read_part(const JsonBody& input, const Shape& shape, const json& kept) {
  FL_TRY(const auto field, input.object(shape.type));
  FL_TRY(const auto part, required(input, shape.type, field));
  FL_TRY(const auto name, part.required_text(shape.public_name, kTextBytesMax));
  const auto path = part.path_of(shape.public_name);
  if (std::string_view(shape.type) == "basic_auth") {
    FL_TRY_VOID(check_header_value(name, path));
    if (name.find(':') != std::string::npos)
      return bad_field(path, "invalid_username", "a user name of basic authentication has no colon");
  } else {
    FL_TRY_VOID(check_header_name(name, path));
  }
  json read{{shape.public_name, name}};
  if (std::string_view(shape.type) == "hmac") FL_TRY_VOID(read_hmac(read, part));
  FL_TRY(const auto secrets, read_secrets(part, shape, kept));
  read.update(secrets);
  return json{{"type", shape.type}, {shape.type, std::move(read)}};
}

// A provider's scheme is known: of the hmac object only the secrets count, and the rest may be left out.
Result<json> read_provider(const JsonBody& input, const json& kept) {
  const auto& shape = kShapes[0];
  FL_TRY(const auto type, input.text("type", kTextBytesMax));
  if (!type.value.empty() && type.value != shape.type) {
    return bad_field(input.path_of("type"), "invalid_type",
                     input.path_of("type") + ": a provider's requests are signed (hmac)");
  }
  FL_TRY(const auto field, input.object(shape.type));
  if (!field.has_value())
    return bad_field("verifier.hmac.secret", "required", "verifier.hmac.secret is required for a provider");
  json read;
  for (const char* name : {"header", "hash", "encoding"}) {
    FL_TRY(const auto text, field.value.text(name, kTextBytesMax));
    read[name] = text.value;
  }
  FL_TRY(const auto secrets, read_secrets(field.value, shape, kept));
  read.update(secrets);
  return json{{"type", shape.type}, {shape.type, std::move(read)}};
}

Result<json> read_verifier(const JsonBody& input, std::string_view provider, const json& kept) {
  if (!provider.empty()) return read_provider(input, kept);
  FL_TRY(const auto type, input.text("type", kTextBytesMax));
  if (type.value.empty()) return kept;
  if (type.value == "noop") return json::object();
  const auto* shape = shape_of(type.value);
  if (shape == nullptr) {
    return bad_field(input.path_of("type"), "invalid_type",
                     input.path_of("type") + ": expected noop, hmac, basic_auth or api_key");
  }
  return read_part(input, *shape, kept);
}

}  // namespace

Result<void> apply_source_verifier(store::Source& source, const JsonBody& body, const crypto::Sealer& sealer) {
  FL_TRY(const auto input, body.object("verifier"));
  const bool has_none = !source.provider.empty() && (input.is_null || source.verifier_sealed.empty());
  if (!input.has_value() && has_none)
    return bad_field("verifier.hmac.secret", "required", "verifier.hmac.secret is required for a provider");
  if (!input.is_present) return {};
  if (input.is_null) {
    source.verifier_sealed.clear();
    return {};
  }
  FL_TRY(const auto kept, kept_of(source, sealer));
  FL_TRY(const auto read, read_verifier(input.value, source.provider, kept));
  if (read == kept) return {};
  source.verifier_sealed = read.empty() ? "" : sealer.seal(read.dump(), to_text(source.id));
  return {};
}

Result<void> write_source_verifier(JsonWriter& json_out, const store::Source& source, const crypto::Sealer& sealer) {
  FL_TRY(const auto kept, kept_of(source, sealer));
  const auto type = kept.value("type", "noop");
  json_out.begin_object().field("type", type);
  for (const auto& shape : kShapes) {
    json_out.key(shape.type);
    if (type != shape.type) {
      json_out.value(nullptr);
      continue;
    }
    const auto& part = kept.at(shape.type);
    json_out.begin_object();
    for (const char* name : {shape.public_name, "hash", "encoding"}) {
      if (part.contains(name)) json_out.field(name, part[name].get<std::string>());
    }
    json_out.field(shape.secret_name, redacted);
    if (part.contains(shape.more_name))
      json_out.field(shape.more_name, std::vector<std::string>(part[shape.more_name].size(), redacted));
    json_out.end_object();
  }
  json_out.end_object();
  return {};
}

Result<SourceVerifier> verifier_of(const store::Source& source, const crypto::Sealer& sealer) {
  if (source.verifier_sealed.empty()) return SourceVerifier{};
  FL_TRY(const auto clear, sealer.open(source.verifier_sealed, to_text(source.id)));
  return store::parse_source_verifier(clear.reveal(), source.provider);
}

Result<std::string> prove_challenge(const store::Source& source, std::string_view token, const crypto::Sealer& sealer) {
  FL_TRY(const auto verifier, verifier_of(source, sealer));
  if (verifier.secrets.empty()) return fail(Error{Code::invalid, "this source has no secret", "no_challenge"});
  return "sha256=" + crypto::to_base64(crypto::hmac(crypto::Hash::sha256, verifier.secrets.front().reveal(), token));
}

}  // namespace fairlead::control
