#include "common/store/endpoint_shown.hpp"

#include <nlohmann/json.hpp>

namespace fairlead::store {
namespace {

using Json = nlohmann::ordered_json;

Json without_secrets(const std::string& type, Json clear) {
  if (type == "api_key") return {{"header_name", clear.value("header_name", "")}, {"header_value", redacted}};
  if (type == "basic_auth") return {{"username", clear.value("username", "")}, {"password", redacted}};
  if (clear.contains("client_secret")) clear["client_secret"] = redacted;
  if (const auto key = clear.find("signing_key"); key != clear.end() && key->is_object()) {
    for (const char* name : jwk_private_members) {
      if (key->contains(name)) (*key)[name] = redacted;
    }
  }
  return clear;
}

}  // namespace

Result<std::string> shown_authentication(const Endpoint& endpoint, const crypto::Sealer& sealer) {
  if (!endpoint.authentication) return "null";
  const auto& type = endpoint.authentication->type;
  FL_TRY(const auto clear, sealer.open(endpoint.authentication->sealed, to_text(endpoint.id)));
  const Json shown{{"type", type}, {type, without_secrets(type, Json::parse(clear.reveal()))}};
  return shown.dump();
}

}  // namespace fairlead::store
