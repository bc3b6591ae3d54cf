#include "common/crypto/jwt.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "common/crypto/digest.hpp"

namespace fairlead::crypto {
namespace {

enum class Family { ecdsa, rsa, rsa_pss };

struct Algorithm {
  std::string_view name;
  Family family;
  const char* digest;
  std::string_view curve;  // of ECDSA
  const char* group;
  std::size_t coordinate_bytes;
};

constexpr Algorithm kAlgorithms[] = {
    {"ES256", Family::ecdsa, "SHA256", "P-256", "prime256v1", 32},
    {"ES384", Family::ecdsa, "SHA384", "P-384", "secp384r1", 48},
    {"ES512", Family::ecdsa, "SHA512", "P-521", "secp521r1", 66},
    {"RS256", Family::rsa, "SHA256", "", nullptr, 0},
    {"RS384", Family::rsa, "SHA384", "", nullptr, 0},
    {"RS512", Family::rsa, "SHA512", "", nullptr, 0},
    {"PS256", Family::rsa_pss, "SHA256", "", nullptr, 0},
    {"PS384", Family::rsa_pss, "SHA384", "", nullptr, 0},
    {"PS512", Family::rsa_pss, "SHA512", "", nullptr, 0},
};
constexpr int kRsaBitsMin = 2048, kRsaBitsMax = 8192;

template <class T, void (*free_one)(T*)>
struct Freed {
  void operator()(T* object) const { free_one(object); }
};
using BigNumber = std::unique_ptr<BIGNUM, Freed<BIGNUM, &BN_clear_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD, &OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM, &OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX, &EVP_PKEY_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, &EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX, &EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG, &ECDSA_SIG_free>>;

const unsigned char* in(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* out(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::unexpected<Error> bad_key(std::string field, std::string message) {
  ERR_clear_error();
  return fail(Error{Code::invalid, std::move(message), "invalid_key", std::move(field)});
}

std::optional<std::string> from_base64url(std::string_view text) {
  if (text.empty() || text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  standard.append((4 - standard.size() % 4) % 4, '=');
  return from_base64(standard);
}

// The numbers of a key on their way into OpenSSL, which keeps pointers to them until the parameters are made.
class Parameters {
 public:
  Result<void> number(const char* name, const char* member, std::string_view text) {
    const auto bytes = from_base64url(text);
    if (!bytes || bytes->size() > kRsaBitsMax / 8)
      return bad_key(member, std::string(member) + ": expected a number as base64url without padding");
    BigNumber value(BN_bin2bn(in(*bytes), static_cast<int>(bytes->size()), nullptr));
    if (!value || OSSL_PARAM_BLD_push_BN(builder_.get(), name, value.get()) != 1)
      return bad_key(member, std::string(member) + ": cannot be used");
    numbers_.push_back(std::move(value));
    return {};
  }
  bool text(const char* name, const char* value) {
    return OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, value, 0) == 1;
  }
  bool bytes(const char* name, const std::string& value) {
    return OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, value.data(), value.size()) == 1;
  }
  KeyPtr make_key(const char* type) {
    const Params params(OSSL_PARAM_BLD_to_param(builder_.get()));
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1)
      return nullptr;
    return KeyPtr(key);
  }

 private:
  Builder builder_{OSSL_PARAM_BLD_new()};
  std::vector<BigNumber> numbers_;
};

Result<KeyPtr> make_ec_key(const Jwk& jwk, const Algorithm& algorithm) {
  if (jwk.kty != "EC") return bad_key("kty", "kty: expected EC for " + std::string(algorithm.name));
  if (jwk.crv != algorithm.curve)
    return bad_key("crv", "crv: expected " + std::string(algorithm.curve) + " for " + std::string(algorithm.name));
  std::string point = "\x04";
  for (const auto& [member, text] : {std::pair{"x", &jwk.x}, std::pair{"y", &jwk.y}}) {
    const auto bytes = from_base64url(*text);
    if (!bytes || bytes->size() > algorithm.coordinate_bytes)
      return bad_key(member, std::string(member) + ": expected a coordinate as base64url without padding");
    point.append(algorithm.coordinate_bytes - bytes->size(), '\0') += *bytes;
  }
  Parameters parameters;
  FL_TRY_VOID(parameters.number(OSSL_PKEY_PARAM_PRIV_KEY, "d", jwk.d));
  if (!parameters.text(OSSL_PKEY_PARAM_GROUP_NAME, algorithm.group) ||
      !parameters.bytes(OSSL_PKEY_PARAM_PUB_KEY, point))
    return bad_key("", "the key cannot be used");
  auto key = parameters.make_key("EC");
  if (!key) return bad_key("x", "x and y are no point of the curve, or d is out of its range");
  return key;
}

Result<KeyPtr> make_rsa_key(const Jwk& jwk, const Algorithm& algorithm) {
  if (jwk.kty != "RSA") return bad_key("kty", "kty: expected RSA for " + std::string(algorithm.name));
  Parameters parameters;
  FL_TRY_VOID(parameters.number(OSSL_PKEY_PARAM_RSA_N, "n", jwk.n));
  FL_TRY_VOID(parameters.number(OSSL_PKEY_PARAM_RSA_E, "e", jwk.e));
  FL_TRY_VOID(parameters.number(OSSL_PKEY_PARAM_RSA_D, "d", jwk.d));
  // The primes and what follows from them are all there or all absent (RFC 7518 §6.3.2).
  const bool has_primes = !jwk.p.empty() || !jwk.q.empty() || !jwk.dp.empty() || !jwk.dq.empty() || !jwk.qi.empty();
  if (has_primes) {
    FL_TRY_VOID(parameters.number(OSSL_PKEY_PARAM_RSA_FACTOR1, "p", jwk.p));
    FL_TRY_VOID(parameters.number(OSSL_PKEY_PARAM_RSA_FACTOR2, "q", jwk.q));
    FL_TRY_VOID(parameters.number(OSSL_PKEY_PARAM_RSA_EXPONENT1, "dp", jwk.dp));
    FL_TRY_VOID(parameters.number(OSSL_PKEY_PARAM_RSA_EXPONENT2, "dq", jwk.dq));
    FL_TRY_VOID(parameters.number(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, "qi", jwk.qi));
  }
  auto key = parameters.make_key("RSA");
  if (!key) return bad_key("", "the numbers are no RSA key");
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) return bad_key("n", "n: expected 2048 to 8192 bits");
  return key;
}

bool start(EVP_MD_CTX* context, EVP_PKEY* key, const Algorithm& algorithm, decltype(&EVP_DigestSignInit_ex) init) {
  EVP_PKEY_CTX* settings = nullptr;
  if (init(context, &settings, algorithm.digest, nullptr, nullptr, key, nullptr) != 1) return false;
  return algorithm.family != Family::rsa_pss ||
         (EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, RSA_PSS_SALTLEN_DIGEST) == 1);
}

// As OpenSSL gives it: for ECDSA a DER structure.
std::optional<std::string> raw_signature(EVP_PKEY* key, const Algorithm& algorithm, std::string_view text) {
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (!context || !start(context.get(), key, algorithm, &EVP_DigestSignInit_ex) ||
      EVP_DigestSign(context.get(), nullptr, &size, in(text), text.size()) != 1)
    return std::nullopt;
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), out(signature), &size, in(text), text.size()) != 1) return std::nullopt;
  signature.resize(size);
  return signature;
}

bool is_pair(EVP_PKEY* key, const Algorithm& algorithm) {
  constexpr std::string_view kProbe = "probe";
  const auto signature = raw_signature(key, algorithm, kProbe);
  const DigestContext context(EVP_MD_CTX_new());
  return signature && context && start(context.get(), key, algorithm, &EVP_DigestVerifyInit_ex) &&
         EVP_DigestVerify(context.get(), in(*signature), signature->size(), in(kProbe), kProbe.size()) == 1;
}

// r and s side by side, as JWS wants them (RFC 7518 §3.4).
std::optional<std::string> to_fixed(const std::string& der, std::size_t coordinate_bytes) {
  const unsigned char* at = in(der);
  const EcdsaSignature parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string fixed(2 * coordinate_bytes, '\0');
  const int size = static_cast<int>(coordinate_bytes);
  if (!parsed || BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), out(fixed), size) != size ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), out(fixed) + coordinate_bytes, size) != size)
    return std::nullopt;
  return fixed;
}

}  // namespace

struct JwtSigner::Key {
  KeyPtr key;
  const Algorithm& algorithm;
};

std::string to_base64url(std::string_view bytes) {
  auto text = to_base64(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(std::min(text.find('='), text.size()));
  return text;
}

Result<JwtSigner> JwtSigner::from_jwk(const Jwk& jwk, std::string_view algorithm) {
  const auto* found = std::ranges::find(kAlgorithms, algorithm, &Algorithm::name);
  if (found == std::ranges::end(kAlgorithms)) {
    return fail(Error{Code::invalid, "expected ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384 or PS512",
                      "invalid_algorithm"});
  }
  FL_TRY(auto key, found->family == Family::ecdsa ? make_ec_key(jwk, *found) : make_rsa_key(jwk, *found));
  const bool belongs = is_pair(key.get(), *found);
  ERR_clear_error();
  if (!belongs) return bad_key("d", "d: not the private half of this public key");
  JwtSigner signer;
  signer.key_ = std::make_shared<const Key>(std::move(key), *found);
  return signer;
}

Result<std::string> JwtSigner::sign(std::string_view header_json, std::string_view claims_json) const {
  std::string token = to_base64url(header_json) + "." + to_base64url(claims_json);
  auto signature = raw_signature(key_->key.get(), key_->algorithm, token);
  if (signature && key_->algorithm.family == Family::ecdsa)
    signature = to_fixed(*signature, key_->algorithm.coordinate_bytes);
  ERR_clear_error();
  if (!signature) return fail(Code::internal, "the token could not be signed");
  return token + "." + to_base64url(*signature);
}

}  // namespace fairlead::crypto
