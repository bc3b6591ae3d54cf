#include "common/crypto/signature.hpp"

#include <optional>

namespace fairlead::crypto {
namespace {

constexpr std::string_view kWhsecPrefix = "whsec_";
constexpr std::size_t kEncodedBytesMax = 128;  // SHA-512 in hex

std::string encode(Encoding encoding, std::string_view bytes) {
  return encoding == Encoding::hex ? to_hex(bytes) : to_base64(bytes);
}

// The key inside a "whsec_" secret. An empty one is none: anybody could sign with it.
std::optional<std::string> key_of_whsec(std::string_view secret) {
  if (!secret.starts_with(kWhsecPrefix)) return std::nullopt;
  auto key = from_base64(secret.substr(kWhsecPrefix.size()));
  if (key && key->empty()) return std::nullopt;
  return key;
}

}  // namespace

std::string sign_advanced(const std::vector<SignatureVersion>& versions, const std::vector<std::string>& secrets,
                          std::int64_t unix_seconds, std::string_view body) {
  const std::string time = std::to_string(unix_seconds);
  std::string header;
  header.reserve(16 + versions.size() * secrets.size() * (8 + kEncodedBytesMax));
  header.append("t=").append(time);
  std::string signed_text;
  signed_text.reserve(time.size() + 1 + body.size());
  signed_text.append(time).append(",").append(body);
  for (std::size_t index = 0; index < versions.size(); ++index) {
    const std::string label = ",v" + std::to_string(index + 1) + "=";
    for (const std::string& secret : secrets) {
      header += label;
      header += encode(versions[index].encoding, hmac(versions[index].hash, secret, signed_text));
    }
  }
  return header;
}

std::string sign_simple(const std::vector<SignatureVersion>& versions, const std::vector<std::string>& secrets,
                        std::string_view body) {
  if (versions.empty() || secrets.empty()) return {};
  return encode(versions.back().encoding, hmac(versions.back().hash, secrets.back(), body));
}

std::string sign_standard(const std::vector<std::string>& secrets, std::string_view webhook_id,
                          std::int64_t unix_seconds, std::string_view body) {
  const std::string time = std::to_string(unix_seconds);
  std::string signed_text;
  signed_text.reserve(webhook_id.size() + time.size() + 2 + body.size());
  signed_text.append(webhook_id).append(".").append(time).append(".").append(body);
  std::string header;
  header.reserve(secrets.size() * (4 + kEncodedBytesMax));
  for (const std::string& secret : secrets) {
    if (!header.empty()) header += ' ';
    header.append("v1,").append(to_base64(hmac(Hash::sha256, standard_key(secret), signed_text)));
  }
  return header;
}

std::string standard_key(std::string_view secret) {
  auto key = key_of_whsec(secret);
  return key ? *std::move(key) : std::string(secret);
}

std::string to_whsec(std::string_view secret) {
  if (key_of_whsec(secret)) return std::string(secret);
  return std::string(kWhsecPrefix) + to_base64(secret);
}

}  // namespace fairlead::crypto
