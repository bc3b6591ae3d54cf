#include "control_plane/services/endpoint_certificate.hpp"

#include "common/net/client_certificate.hpp"
#include "control_plane/services/endpoint_authentication.hpp"

namespace fairlead::control {
namespace {

constexpr const char* kName = "mtls_client_cert";
constexpr std::size_t kPemBytesMax = 64 * 1024;

Result<std::string> key_of(const JsonBody& given, std::string sent, const store::Endpoint& endpoint,
                           const crypto::Sealer& sealer) {
  if (sent != redacted) return sent;
  if (!endpoint.certificate) {
    return bad_field(given.path_of("client_key"), "required",
                     "a redacted value stands for one that is kept, and none is kept");
  }
  FL_TRY(const auto kept, sealer.open(endpoint.certificate->sealed_key, to_text(endpoint.id)));
  return kept.reveal();
}

}  // namespace

Result<void> apply_client_certificate(store::Endpoint& endpoint, const JsonBody& body, const crypto::Sealer& sealer) {
  FL_TRY(const auto field, body.object(kName));
  if (!field.is_present) return {};
  if (field.is_null) {
    endpoint.certificate.reset();
    return {};
  }
  const auto& given = field.value;
  FL_TRY(const auto chain, given.text("client_cert", kPemBytesMax));
  FL_TRY(auto sent, given.text("client_key", kPemBytesMax));
  if (chain.value.empty() && sent.value.empty()) {
    if (chain.is_present || sent.is_present) endpoint.certificate.reset();
    return {};
  }
  if (chain.value.empty() || sent.value.empty()) {
    return bad_field(given.path_of(chain.value.empty() ? "client_cert" : "client_key"), "required",
                     "client_cert and client_key are given together");
  }
  FL_TRY(const auto key, key_of(given, std::move(sent.value), endpoint, sealer));
  if (auto checked = net::check_client_certificate(chain.value, key, wall_now()); !checked) {
    auto error = std::move(checked).error();
    error.field = given.path_of(error.field);
    error.message = error.field + ": " + error.message;
    return fail(std::move(error));
  }
  endpoint.certificate = store::StoredCertificate{chain.value, sealer.seal(key, to_text(endpoint.id))};
  return {};
}

void write_client_certificate(JsonWriter& json, const store::Endpoint& endpoint) {
  if (!endpoint.certificate) return;
  json.key(kName).begin_object().field("client_cert", endpoint.certificate->chain_pem);
  json.field("client_key", redacted).end_object();
}

}  // namespace fairlead::control
