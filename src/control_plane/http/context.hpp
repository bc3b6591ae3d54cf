// What handlers work with. Built by app, outlives every request.
#pragma once

#include <string>

#include "common/crypto/seal.hpp"
#include "common/net/address_guard.hpp"
#include "common/store/db.hpp"
#include "control_plane/http/id_source.hpp"

namespace fairlead::net {
class HttpClient;
}
namespace fairlead::script {
class Runner;
}

namespace fairlead::control {

class Authenticator;
class Forwarder;

struct Context {
  store::Db& db;     // short reads and every write
  store::Db& lists;  // lists over events and deliveries, with a statement timeout of their own
  const crypto::Sealer& sealer;
  const net::AddressGuard& guard;
  IdSource& ids;
  Authenticator& authenticator;
  Forwarder& forwarder;
  net::HttpClient& client;      // for addresses that strangers chose: resolved, guarded, bounded
  script::Runner& scripts;      // functions, in processes of their own
  std::string public_url = {};  // how clients reach us, without a final "/"; empty: as the request's Host says
};

}  // namespace fairlead::control
