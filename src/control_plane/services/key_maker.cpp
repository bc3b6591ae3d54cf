#include "control_plane/services/key_maker.hpp"

#include "common/crypto/digest.hpp"

namespace fairlead::control {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

MadeKey make_key(const std::string& prefix) {
  MadeKey made;
  made.mask = crypto::random_text(16, kAlphabet);
  made.text = Secret(prefix + made.mask + "." + crypto::random_text(64, kAlphabet));
  made.hash = crypto::sha256(made.text.reveal());
  return made;
}

}  // namespace

MadeKey make_api_key() { return make_key("CO."); }

MadeKey make_portal_key() { return make_key("PRT."); }

MadeKey make_portal_token() {
  MadeKey made;
  made.text = Secret(crypto::random_text(24, kAlphabet));
  made.hash = crypto::sha256(made.text.reveal());
  return made;
}

}  // namespace fairlead::control
