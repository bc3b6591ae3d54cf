#include "common/crypto/digest.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <climits>
#include <memory>

#include "common/core/check.hpp"

namespace fairlead::crypto {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr char kBase64Digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> kBase64Values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t value = 0; value < 64; ++value) values[static_cast<unsigned char>(kBase64Digits[value])] = value;
  return values;
}();

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMac>;

const unsigned char* to_bytes(std::string_view text) {
  // OpenSSL takes a null key as "keep the last one": an empty view must not become null.
  return reinterpret_cast<const unsigned char*>(text.data() == nullptr ? "" : text.data());
}

// The algorithm is fetched once, and each thread keeps one context for it: a fetch costs more than a small HMAC.
MacContext make_mac_context(const char* digest_name) {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  FL_CHECK(mac != nullptr, "OpenSSL offers HMAC");
  MacContext context(EVP_MAC_CTX_new(mac));
  std::string name(digest_name);
  const OSSL_PARAM settings[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
                                 OSSL_PARAM_construct_end()};
  FL_CHECK(context && EVP_MAC_CTX_set_params(context.get(), settings) == 1, "OpenSSL offers the digest for HMAC");
  return context;
}

EVP_MAC_CTX* mac_context(Hash hash) {
  if (hash == Hash::sha512) {
    thread_local const MacContext sha512_context = make_mac_context("SHA512");
    return sha512_context.get();
  }
  thread_local const MacContext sha256_context = make_mac_context("SHA256");
  return sha256_context.get();
}

}  // namespace

std::array<std::uint8_t, 32> sha256(std::string_view data) {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  std::array<std::uint8_t, 32> digest{};
  unsigned int size = 0;
  const bool is_done = algorithm != nullptr && context != nullptr &&
                       EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
                       EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1 &&
                       EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1;
  FL_CHECK(is_done && size == digest.size(), "OpenSSL computes SHA-256");
  return digest;
}

std::string hmac(Hash hash, std::string_view key, std::string_view data) {
  EVP_MAC_CTX* const context = mac_context(hash);
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  std::size_t size = 0;
  const bool is_done = EVP_MAC_init(context, to_bytes(key), key.size(), nullptr) == 1 &&
                       EVP_MAC_update(context, to_bytes(data), data.size()) == 1 &&
                       EVP_MAC_final(context, bytes.data(), &size, bytes.size()) == 1;
  FL_CHECK(is_done, "OpenSSL computes HMAC");
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  return text;
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t index = 0; index < 3; ++index) {
      group = group << 8 | (index < count ? static_cast<unsigned char>(bytes[at + index]) : 0U);
    }
    text += kBase64Digits[group >> 18];
    text += kBase64Digits[group >> 12 & 63];
    text += count > 1 ? kBase64Digits[group >> 6 & 63] : '=';
    text += count > 2 ? kBase64Digits[group & 63] : '=';
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t pending = 0;
  int bits = 0;
  for (const char c : text) {
    const std::uint8_t value = kBase64Values[static_cast<unsigned char>(c)];
    if (value == kNoDigit) return std::nullopt;
    pending = pending << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(pending >> bits & 0xff);
      pending &= (1U << bits) - 1;
    }
  }
  if (pending != 0) return std::nullopt;  // bits beyond the last byte: two texts must not mean the same
  return bytes;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(to_bytes(a), to_bytes(b), a.size()) == 0;
}

std::string random_bytes(std::size_t count) {
  FL_CHECK(count <= INT_MAX, "random bytes are drawn in small amounts");
  std::string bytes(count, '\0');
  FL_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1,
           "the system gives random bytes");
  return bytes;
}

std::string random_text(std::size_t count, std::string_view alphabet) {
  FL_CHECK(!alphabet.empty() && alphabet.size() <= 256, "an alphabet has 1 to 256 characters");
  // Bytes at or above the largest multiple of the alphabet's size are drawn again: every character is equally likely.
  const std::size_t limit = 256 - 256 % alphabet.size();
  std::string text;
  text.reserve(count);
  while (text.size() < count) {
    for (const char c : random_bytes(count - text.size())) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < limit) text += alphabet[byte % alphabet.size()];
    }
  }
  return text;
}

}  // namespace fairlead::crypto
