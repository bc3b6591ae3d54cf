// A certificate authority made anew for each test, and what it issues.
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>

namespace fairlead::test {

struct FreeTls {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ServerTls = std::unique_ptr<SSL_CTX, FreeTls>;

struct CertificateWish {
  std::string names = "DNS:hooks.example.test,IP:127.0.0.1";  // subjectAltName
  long from_days = -1, until_days = 10;                       // relative to now
  std::string usage = {};                                     // extendedKeyUsage; empty: none
  bool is_weak = false;                                       // an RSA key of 1,024 bits
};

class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  // The authority's certificate as a PEM file, removed with this object.
  [[nodiscard]] std::string ca_file() const { return file_.string(); }
  [[nodiscard]] ServerTls issue(const CertificateWish& wish) const;
  [[nodiscard]] static ServerTls self_signed(const CertificateWish& wish);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::filesystem::path file_;
};

}  // namespace fairlead::test
