#include "common/net/client_certificate.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <climits>
#include <memory>
#include <vector>

namespace fairlead::net {
namespace {

constexpr std::size_t kChainMax = 10;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;
using CertificatePtr = std::unique_ptr<X509, FreeCertificate>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

// A key under a passphrase is refused; without this OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

BioPtr bio_of(std::string_view text) {
  return BioPtr(text.size() > INT_MAX ? nullptr : BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<std::vector<CertificatePtr>> read_chain(std::string_view pem) {
  const auto bio = bio_of(pem);
  std::vector<CertificatePtr> chain;
  while (bio && chain.size() <= kChainMax) {
    CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, &no_passphrase, nullptr));
    if (!certificate) break;
    chain.push_back(std::move(certificate));
  }
  const auto error = ERR_peek_last_error();
  const bool is_at_end = error == 0 || ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (chain.empty() || !is_at_end)
    return bad_field("client_cert", "invalid_certificate", "expected a certificate as PEM text");
  if (chain.size() > kChainMax)
    return bad_field("client_cert", "invalid_certificate", "a chain has at most 10 certificates");
  return chain;
}

Result<KeyPtr> read_key(std::string_view pem) {
  const auto bio = bio_of(pem);
  KeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr) : nullptr);
  ERR_clear_error();
  if (!key) return bad_field("client_key", "invalid_key", "expected a private key as PEM text, without a passphrase");
  return key;
}

}  // namespace

Result<void> check_client_certificate(std::string_view chain_pem, std::string_view key_pem, TimePoint now) {
  FL_TRY(const auto chain, read_chain(chain_pem));
  FL_TRY(const auto key, read_key(key_pem));
  std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const X509* own = chain.front().get();
  if (X509_cmp_time(X509_get0_notAfter(own), &seconds) <= 0)
    return bad_field("client_cert", "certificate_expired", "the certificate has expired");
  if (X509_cmp_time(X509_get0_notBefore(own), &seconds) > 0)
    return bad_field("client_cert", "certificate_not_yet_valid", "the certificate is not valid yet");
  const bool is_pair = X509_check_private_key(own, key.get()) == 1;
  ERR_clear_error();
  if (!is_pair) return bad_field("client_key", "key_mismatch", "the key is not the certificate's");
  return {};
}

Result<void> use_client_certificate(SSL* ssl, const ClientCertificate& certificate) {
  FL_TRY(const auto chain, read_chain(certificate.chain_pem));
  FL_TRY(const auto key, read_key(certificate.key_pem.reveal()));
  bool is_used = SSL_use_certificate(ssl, chain.front().get()) == 1 && SSL_use_PrivateKey(ssl, key.get()) == 1;
  for (std::size_t index = 1; is_used && index < chain.size(); ++index)
    is_used = SSL_add1_chain_cert(ssl, chain[index].get()) == 1;
  ERR_clear_error();
  if (!is_used) return fail(Code::invalid, "the client certificate and its key cannot be used");
  return {};
}

}  // namespace fairlead::net
