#include "tests/support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>

namespace fairlead::test {
namespace {

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using CertificatePtr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

std::atomic<int> authorities = 0;  // each has a name of its own

KeyPtr make_key(bool is_weak = false) { return KeyPtr(is_weak ? EVP_RSA_gen(1024U) : EVP_EC_gen("P-256")); }

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  if (extension == nullptr) throw std::runtime_error("bad extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

struct Signing {
  X509* issuer;  // null: by itself
  EVP_PKEY* key;
};

CertificatePtr make_certificate(const std::string& name, EVP_PKEY* key, const CertificateWish& wish,
                                const Signing& signing, bool is_authority) {
  static std::atomic<long> serial = 1000;
  CertificatePtr out(X509_new());
  X509_set_version(out.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(out.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(out.get()), wish.from_days * 86400);
  X509_gmtime_adj(X509_getm_notAfter(out.get()), wish.until_days * 86400);
  X509_set_pubkey(out.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(out.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* issuer = signing.issuer != nullptr ? signing.issuer : out.get();
  X509_set_issuer_name(out.get(), X509_get_subject_name(issuer));
  add_extension(out.get(), issuer, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!is_authority) add_extension(out.get(), issuer, NID_subject_alt_name, wish.names);
  if (!wish.usage.empty()) add_extension(out.get(), issuer, NID_ext_key_usage, wish.usage);
  X509_sign(out.get(), signing.key, EVP_sha256());
  return out;
}

ServerTls make_server(X509* certificate, EVP_PKEY* key) {
  ServerTls out(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_security_level(out.get(), 0);  // a server takes what a client must refuse
  SSL_CTX_use_certificate(out.get(), certificate);
  SSL_CTX_use_PrivateKey(out.get(), key);
  return out;
}

}  // namespace

struct TestAuthority::Parts {
  KeyPtr key = make_key();
  CertificatePtr certificate = make_certificate("Test authority " + std::to_string(++authorities), key.get(),
                                                {.names = ""}, {nullptr, key.get()}, true);
};

TestAuthority::TestAuthority() : parts_(std::make_unique<Parts>()) {
  std::string path = std::filesystem::temp_directory_path() / "fairlead-test-ca-XXXXXX";
  const int fd = ::mkstemp(path.data());
  if (fd < 0) throw std::runtime_error("cannot make a temporary file");
  std::FILE* file = ::fdopen(fd, "w");
  PEM_write_X509(file, parts_->certificate.get());
  std::fclose(file);
  file_ = path;
}

TestAuthority::~TestAuthority() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

ServerTls TestAuthority::issue(const CertificateWish& wish) const {
  const auto key = make_key(wish.is_weak);
  const auto certificate =
      make_certificate("Test server", key.get(), wish, {parts_->certificate.get(), parts_->key.get()}, false);
  return make_server(certificate.get(), key.get());
}

ServerTls TestAuthority::self_signed(const CertificateWish& wish) {
  const auto key = make_key();
  const auto certificate = make_certificate("Test server", key.get(), wish, {nullptr, key.get()}, false);
  return make_server(certificate.get(), key.get());
}

}  // namespace fairlead::test
