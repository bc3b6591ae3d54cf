#include "control_plane/services/key_maker.hpp"

#include "common/crypto/digest.hpp"

namespace fairlead::control {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

}  // namespace

MadeKey make_api_key() {
  MadeKey made;
  made.mask = crypto::random_text(16, kAlphabet);
  made.text = Secret("CO." + made.mask + "." + crypto::random_text(64, kAlphabet));
  made.hash = crypto::sha256(made.text.reveal());
  return made;
}

}  // namespace fairlead::control
