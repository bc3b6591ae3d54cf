// What we prove ourselves with in a TLS handshake: a certificate with its chain, and its private key.
#pragma once

#include <string>

#include "common/core/secret.hpp"

namespace fairlead {

// `identity` names this very certificate of this very owner: connections are shared only within one identity.
struct ClientCertificate {
  std::string identity;
  std::string chain_pem;  // the certificate first
  Secret key_pem;
};

}  // namespace fairlead
