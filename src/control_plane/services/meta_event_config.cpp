// The part of a project's configuration that says what it wants to be told, and where (wire contract 2.2, 3.1).
#include <algorithm>
#include <array>

#include "common/crypto/digest.hpp"
#include "common/crypto/signing_secret.hpp"
#include "control_plane/services/endpoint_authentication.hpp"
#include "control_plane/services/project_config.hpp"

namespace fairlead::control {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kTypes = {"project.updated",     "endpoint.created",      "endpoint.updated",
                               "endpoint.deleted",    "eventdelivery.updated", "eventdelivery.success",
                               "eventdelivery.failed"};
constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kSecretBytesMax = 256;

Result<Json> read_types(const JsonBody& input) {
  FL_TRY(const auto field, input.texts("event_type", 64));
  Json types = Json::array();
  for (const auto& type : field.value) {
    if (std::ranges::find(kTypes, std::string_view(type)) == kTypes.end())
      return bad_field(input.path_of("event_type"), "invalid_type", "no such meta event type");
    if (std::ranges::find(types, Json(type)) == types.end()) types.push_back(type);
  }
  return types;
}

Result<std::string> read_url(const JsonBody& input, bool is_enabled, const net::AddressGuard& guard) {
  FL_TRY(const auto url, input.text("url", kUrlBytesMax));
  if (url.value.empty()) {
    if (is_enabled) return bad_field(input.path_of("url"), "required", input.path_of("url") + " is required");
  } else if (const auto checked = guard.check_url(url.value); !checked) {
    return bad_field(input.path_of("url"), checked.error().reason,
                     input.path_of("url") + ": " + checked.error().message);
  }
  return url.value;
}

}  // namespace

Result<void> ProjectConfig::merge_meta_event(const JsonBody& input, const MetaEventRules& rules) {
  FL_TRY(const auto sent, input.object("meta_event"));
  if (!sent.has_value()) return {};
  const auto& given = sent.value;
  FL_TRY(const auto is_enabled, given.boolean("is_enabled"));
  FL_TRY(const auto type, given.text("type", 32));
  if (!type.value.empty() && type.value != "http")
    return bad_field(given.path_of("type"), "invalid_type", given.path_of("type") + ": expected http");
  FL_TRY(auto types, read_types(given));
  FL_TRY(const auto url, read_url(given, is_enabled.value, rules.guard));
  FL_TRY(auto secret, given.text("secret", kSecretBytesMax));
  std::string sealed;
  if (const auto kept = config_.find("meta_event"); kept != config_.end() && kept->is_object())
    sealed = kept->value("sealed_secret", "");
  if (secret.value == redacted && sealed.empty()) {
    return bad_field(given.path_of("secret"), "required",
                     "a redacted value stands for one that is kept, and none is kept");
  }
  if (secret.value.empty() && sealed.empty() && is_enabled.value) secret.value = crypto::make_signing_secret();
  if (!secret.value.empty() && secret.value != redacted)
    sealed = crypto::to_base64(rules.sealer.seal(secret.value, to_text(rules.project)));
  config_["meta_event"] = {{"is_enabled", is_enabled.value},
                           {"type", "http"},
                           {"event_type", std::move(types)},
                           {"url", url},
                           {"sealed_secret", sealed}};
  return {};
}

bool ProjectConfig::tells(std::string_view meta_event_type) const {
  const auto found = config_.find("meta_event");
  if (found == config_.end() || !found->is_object() || !found->value("is_enabled", false)) return false;
  const auto types = found->value("event_type", Json::array());
  return std::ranges::find(types, Json(meta_event_type)) != types.end();
}

Result<void> ProjectConfig::reveal_meta_secret(const crypto::Sealer& sealer, const ProjectId& project) {
  const auto found = config_.find("meta_event");
  if (found == config_.end() || !found->is_object()) return {};
  const auto sealed = crypto::from_base64(found->value("sealed_secret", ""));
  if (!sealed || sealed->empty()) return {};
  FL_TRY(const auto secret, sealer.open(*sealed, to_text(project)));
  meta_secret_ = secret.reveal();
  return {};
}

}  // namespace fairlead::control
