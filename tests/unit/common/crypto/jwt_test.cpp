#include "common/crypto/jwt.hpp"

#include <gtest/gtest.h>

#include <set>

namespace fairlead::crypto {
namespace {

// An RSA key and what the Python package cryptography signed with it; made for this test.
constexpr const char* kN =
    "nl4FM8IXg0R9q-1O9w2nA6YIlA2JHCLKerFVZLrTny0LCh8R6RN9iDs2oH2R3W8O1ilbnWJfTdhqtbYz1SBrHJHqu9gRvwnc6-75"
    "svLW0ZlDCvAoMJSoE0MpVFjlHW4zU67qO71GVySjcm_iEQLU5nhiMO-mOmfvZYBI-ZsPJPYC_hCKZIb6yP4gjUmti5IkvIS7wQ9I"
    "68hw_H7H9GlwrXVKBl6L-wRKDw4jzqSjVlQ4SoM7O4CG2JG6oMfG0aQFr4ppeHUoWluvKP3b-9OjoSxUJ26QuVEoEB0JzELQmdWZ"
    "27j-QmRZJBNGWcNdmV5h1vAs3SV9rC6k6F3QxSH9jw";
constexpr const char* kD =
    "TnVtJV3Y0Uda7ZUVxI8GeefFozfrgD16S_vUPyHSGy-xIvQOpwbpb9dKMovTer19P7vgsCHe7o20HE9m8YVsm4xtG2AqNpe31Emi"
    "erYVmGTSUrZ1atATTuu8q5WY-RIyKpjjYfJdSWoU8eqdOOlKud3VY8Iu_AunDoXWYZchEyFo9J4sbMDt4VsZA-ceUTY6CRmHjCyC"
    "QDXGcafMUaAy1r_IcmamRjSxZYlrysenTFx9aaIdnl_VPk0dicdo0xXTRYhlUiuzl66nNYv-8Ws5Dneob3hPNEFQFgQ78H5spFQz"
    "R87Q5Gfwo7tcjLyZVkww0jSU7Ss63iEhnmF40ure6Q";
constexpr const char* kSigned =
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.JVBAoSqtVALaZ14n7SX9jRWiJnqmBPBqXYJolSsffdqcLrc-8NJtHL_sZzpyPdy"
    "NOK_uzeGYuMVSWI9yG_-OrMZun1O6PUQXxOWjm_ZlVxSVw0T1lFD_7RvxR5vCOekk_3qX4Ij-9h_6Uuh-F26DJfezv4X-51bOlTd"
    "yVmji7mclw-Odr7MXs5dHI1iZeizUqxmWO_fk4ngkhkuUGy3uYQ1NGDcvLnOYnIL6GT-Kc1eqyRvJkp33v6CSa86IKh-9av848Ph"
    "tqkEBNRiAPNVRvnf4g_kMLcQkUjJnl9z1j0QB72H2xHCOwIuNelhcQDpTxyyyWHxqMgNWirKClZ5h9w";

// RFC 7515 appendix A.3.
const Jwk kEc{.kty = "EC",
              .crv = "P-256",
              .x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
              .y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
              .d = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"};

Jwk rsa_key() { return {.kty = "RSA", .d = kD, .n = kN, .e = "AQAB"}; }

std::string reason(const Jwk& jwk, std::string_view algorithm) {
  const auto made = JwtSigner::from_jwk(jwk, algorithm);
  return made ? "" : made.error().field.empty() ? made.error().reason : made.error().field;
}

// Goal: the compact form is exactly that of RFC 7515. Method: RS256, which gives one signature only, beside another
// library's.
TEST(JwtSigner, SignsLikeAnotherLibrary) {
  const auto signer = JwtSigner::from_jwk(rsa_key(), "RS256");
  ASSERT_TRUE(signer) << signer.error().message;
  EXPECT_EQ(signer->sign(R"({"alg":"RS256"})", R"({"iss":"a"})").value(), kSigned);
}

// Goal: an ECDSA signature is r and s side by side, of fixed length however small they are. Method: 300 signatures of
// one text, all of 64 bytes, all different.
TEST(JwtSigner, GivesFixedEcdsaSignatures) {
  const auto signer = JwtSigner::from_jwk(kEc, "ES256");
  ASSERT_TRUE(signer) << signer.error().message;
  std::set<std::string> seen;
  for (int round = 0; round < 300; ++round) {
    const auto token = signer->sign("{}", "{}").value();
    EXPECT_EQ(token.size() - token.rfind('.') - 1, 86U);
    EXPECT_EQ(token.find_first_of("+/="), std::string::npos);
    seen.insert(token);
  }
  EXPECT_EQ(seen.size(), 300U);
}

// Goal: a key that could not sign is refused, and the member at fault named. Method: one fault each.
TEST(JwtSigner, RefusesWhatIsNoKey) {
  const auto with = [](Jwk jwk, std::string Jwk::* member, std::string value) {
    jwk.*member = std::move(value);
    return jwk;
  };
  EXPECT_EQ(reason(kEc, "HS256"), "invalid_algorithm");
  EXPECT_EQ(reason(kEc, "none"), "invalid_algorithm");
  EXPECT_EQ(reason(kEc, "RS256"), "kty");
  EXPECT_EQ(reason(kEc, "ES384"), "crv");
  EXPECT_EQ(reason(rsa_key(), "ES256"), "kty");
  EXPECT_EQ(reason(with(kEc, &Jwk::x, ""), "ES256"), "x");
  EXPECT_EQ(reason(with(kEc, &Jwk::x, kEc.y), "ES256"), "x");
  EXPECT_EQ(reason(with(kEc, &Jwk::y, kEc.y + "="), "ES256"), "y");
  EXPECT_EQ(reason(with(kEc, &Jwk::d, ""), "ES256"), "d");
  EXPECT_EQ(reason(with(kEc, &Jwk::d, "AQ"), "ES256"), "d");
  EXPECT_EQ(reason(with(kEc, &Jwk::d, "//8"), "ES256"), "d");
  EXPECT_EQ(reason(with(rsa_key(), &Jwk::d, "AQ"), "RS256"), "d");
  EXPECT_EQ(reason(with(rsa_key(), &Jwk::n, "AQAB"), "RS256"), "n");
  EXPECT_EQ(reason(with(rsa_key(), &Jwk::p, "AQAB"), "RS256"), "q");
  EXPECT_EQ(reason(with(rsa_key(), &Jwk::n, std::string(2000, 'A')), "RS256"), "n");
}

// Goal: base64url has no padding and its own two characters. Method: RFC 4648 vectors and the bytes that tell.
TEST(ToBase64url, HasNoPadding) {
  EXPECT_EQ(to_base64url(""), "");
  EXPECT_EQ(to_base64url("f"), "Zg");
  EXPECT_EQ(to_base64url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64url("\xff\xef\xbe"), "_---");
}

}  // namespace
}  // namespace fairlead::crypto
