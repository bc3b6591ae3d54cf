#include "common/crypto/seal.hpp"

#include <openssl/evp.h>

#include <climits>
#include <optional>

#include "common/core/check.hpp"
#include "common/crypto/digest.hpp"

namespace fairlead::crypto {
namespace {

constexpr std::string_view kPrefix = "flk1_";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyIdBytes = 8;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kOverheadBytes = kKeyIdBytes + kNonceBytes + kTagBytes;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  FL_CHECK(cipher != nullptr, "OpenSSL offers AES-256-GCM");
  return cipher;
}

const unsigned char* in(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* out(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// A context with key, nonce and associated data set; the nonce's length is GCM's default.
CipherContext start(bool encrypts, std::string_view key, std::string_view nonce, std::string_view context_text) {
  FL_CHECK(key.size() == kKeyBytes && nonce.size() == kNonceBytes, "the sealer has a key");
  FL_CHECK(context_text.size() <= INT_MAX, "a context is a row's id");
  CipherContext context(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool is_ready =
      context && EVP_CipherInit_ex2(context.get(), aes_256_gcm(), in(key), in(nonce), encrypts ? 1 : 0, nullptr) == 1 &&
      EVP_CipherUpdate(context.get(), nullptr, &size, in(context_text), static_cast<int>(context_text.size())) == 1;
  FL_CHECK(is_ready, "OpenSSL starts AES-256-GCM");
  return context;
}

}  // namespace

std::string make_master_key() { return std::string(kPrefix) + to_base64(random_bytes(kKeyBytes)); }

Result<Sealer> Sealer::from_text(const Secret& master_key) {
  const std::string_view text = master_key.reveal();
  std::optional<std::string> key;
  if (text.starts_with(kPrefix)) key = from_base64(text.substr(kPrefix.size()));
  if (!key || key->size() != kKeyBytes) {
    return fail(Code::invalid, "a master key is \"" + std::string(kPrefix) + "\" and the base64 of 32 bytes");
  }
  Sealer sealer;
  sealer.key_ = *std::move(key);
  const auto digest = sha256(sealer.key_);
  sealer.key_id_.assign(reinterpret_cast<const char*>(digest.data()), kKeyIdBytes);
  return sealer;
}

std::string Sealer::seal(std::string_view plain, std::string_view context) const {
  FL_CHECK(plain.size() <= INT_MAX, "a secret is small");
  const std::string nonce = random_bytes(kNonceBytes);
  const auto cipher = start(true, key_, nonce, context);
  std::string cipher_text(plain.size(), '\0'), tag(kTagBytes, '\0');
  int size = 0;
  const bool is_sealed = (plain.empty() || EVP_CipherUpdate(cipher.get(), out(cipher_text), &size, in(plain),
                                                            static_cast<int>(plain.size())) == 1) &&
                         EVP_CipherFinal_ex(cipher.get(), out(cipher_text) + size, &size) == 1 &&
                         EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()) == 1;
  FL_CHECK(is_sealed, "OpenSSL seals");
  return key_id_ + nonce + cipher_text + tag;
}

Result<Secret> Sealer::open(std::string_view sealed, std::string_view context) const {
  if (sealed.size() < kOverheadBytes || sealed.size() > INT_MAX) {
    return fail(Code::internal, "a sealed secret has the wrong length");
  }
  if (sealed.substr(0, kKeyIdBytes) != key_id_) {
    return fail(Code::internal, "a secret was sealed with another master key");
  }
  const auto cipher = start(false, key_, sealed.substr(kKeyIdBytes, kNonceBytes), context);
  const auto cipher_text = sealed.substr(kKeyIdBytes + kNonceBytes, sealed.size() - kOverheadBytes);
  std::string plain(cipher_text.size(), '\0'), tag(sealed.substr(sealed.size() - kTagBytes));
  int size = 0;
  const bool is_open = EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
                       (plain.empty() || EVP_CipherUpdate(cipher.get(), out(plain), &size, in(cipher_text),
                                                          static_cast<int>(cipher_text.size())) == 1) &&
                       EVP_CipherFinal_ex(cipher.get(), out(plain) + size, &size) == 1;
  if (!is_open) return fail(Code::internal, "a sealed secret was changed, or belongs to another row");
  return Secret(std::move(plain));
}

}  // namespace fairlead::crypto
