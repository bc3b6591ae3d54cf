#include "common/crypto/signature.hpp"

#include <gtest/gtest.h>

namespace fairlead::crypto {
namespace {

const std::vector<std::string> kSecrets{"convoy-webhook-secret"};
constexpr char kBody[] = R"({"event":"charge.success","amount":1000,"currency":"NGN"})";
constexpr std::int64_t kTime = 1700000000;

// Goal: the header is what receivers' libraries verify. Method: the vectors those libraries share (wire contract 5.6).
TEST(SignSimple, MatchesTheLibrariesVectors) {
  EXPECT_EQ(sign_simple({{Hash::sha256, Encoding::hex}}, kSecrets, kBody),
            "244449b7f48cbc2709060c9dcdc2b3aa47a78f540430579015c579fb12defbb4");
  EXPECT_EQ(sign_simple({{Hash::sha256, Encoding::base64}}, kSecrets, kBody),
            "JERJt/SMvCcJBgydzcKzqkenj1QEMFeQFcV5+xLe+7Q=");
  EXPECT_EQ(sign_simple({{Hash::sha512, Encoding::hex}}, kSecrets, kBody),
            "6cc772dc81942ae1b5ffa91c3a6a07b0d37edc8dc6bd83e3518a219f1f19ff71ae1b76d6b320940d414c236a1aad7f7930b63e0f19"
            "28951955d3"
            "1219545e1b66");
}

// Goal: the simple form uses the last version and the newest secret alone. Method: compare with them alone.
TEST(SignSimple, UsesLastVersionAndNewestSecret) {
  EXPECT_EQ(sign_simple({{Hash::sha512, Encoding::base64}, {Hash::sha256, Encoding::hex}}, {"old", kSecrets[0]}, kBody),
            "244449b7f48cbc2709060c9dcdc2b3aa47a78f540430579015c579fb12defbb4");
  EXPECT_EQ(sign_simple({}, kSecrets, kBody), "");
  EXPECT_EQ(sign_simple({{}}, {}, kBody), "");
}

// Goal: as above for the advanced form. Method: the shared vectors.
TEST(SignAdvanced, MatchesTheLibrariesVectors) {
  EXPECT_EQ(sign_advanced({{Hash::sha256, Encoding::hex}}, kSecrets, kTime, kBody),
            "t=1700000000,v1=77b8b9269f25a199846a55a2bd25b3fba151c70fdae60bb1dcd87fbbc943c55c");
  EXPECT_EQ(sign_advanced({{Hash::sha256, Encoding::base64}}, kSecrets, kTime, kBody),
            "t=1700000000,v1=d7i5Jp8loZmEalWivSWz+6FRxw/a5gux3Nh/u8lDxVw=");
  EXPECT_EQ(sign_advanced({{Hash::sha512, Encoding::base64}}, kSecrets, kTime, kBody),
            "t=1700000000,v1=shIuJSzSWCzyJcsrjUzu3p40Mp4v6VwCYZw+1dSj2ac+a+ry3/jnbXGmk64ZjO5AaF7tEq1O4uAz3C0Dme3gVw==");
}

// Goal: every version signs with every secret, oldest first, numbered by version. Method: built from single signatures.
TEST(SignAdvanced, SignsWithEverySecretForEveryVersion) {
  const SignatureVersion first{Hash::sha256, Encoding::hex}, second{Hash::sha512, Encoding::base64};
  const auto one = [](SignatureVersion version, const std::string& secret) {
    return sign_advanced({version}, {secret}, kTime, kBody).substr(std::string("t=1700000000,v1=").size());
  };
  EXPECT_EQ(sign_advanced({first, second}, {"old", "new"}, kTime, kBody),
            "t=1700000000,v1=" + one(first, "old") + ",v1=" + one(first, "new") + ",v2=" + one(second, "old") +
                ",v2=" + one(second, "new"));
}

// Goal: a "whsec_" secret is an ordinary text to the header format. Method: compare with the HMAC of its literal text.
TEST(SignAdvanced, TakesSecretsLiterally) {
  EXPECT_EQ(sign_simple({{}}, {"whsec_AAEC"}, kBody), to_hex(hmac(Hash::sha256, "whsec_AAEC", kBody)));
}

// Goal: Standard Webhooks libraries verify it. Method: the vector of the specification's own libraries.
TEST(SignStandard, MatchesTheLibrariesVector) {
  EXPECT_EQ(sign_standard({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                          R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

// Goal: during a rotation every secret signs. Method: compare with the single signatures.
TEST(SignStandard, JoinsSignaturesBySpaces) {
  EXPECT_EQ(sign_standard({"old", "new"}, "id", kTime, kBody),
            sign_standard({"old"}, "id", kTime, kBody) + " " + sign_standard({"new"}, "id", kTime, kBody));
  EXPECT_EQ(sign_standard({"old"}, "id", kTime, kBody),
            "v1," + to_base64(hmac(Hash::sha256, "old", std::string("id.1700000000.") + kBody)));
  EXPECT_EQ(sign_standard({}, "id", kTime, kBody), "");
}

// Goal: which key a secret stands for, and its "whsec_" spelling, which must mean the same key. Method: a table.
TEST(StandardKey, DecodesWhsecAndTakesOthersLiterally) {
  struct Case {
    std::string secret, key, whsec;
  };
  const Case cases[] = {
      {"whsec_AAEC", std::string("\0\1\2", 3), "whsec_AAEC"},
      {"plain", "plain", "whsec_cGxhaW4="},
      {"schlüssel", "schlüssel", "whsec_c2NobMO8c3NlbA=="},
      {"whsec_not base64", "whsec_not base64", "whsec_d2hzZWNfbm90IGJhc2U2NA=="},
      {"whsec_AAE", "whsec_AAE", "whsec_d2hzZWNfQUFF"},  // unpadded
      {"whsec_", "whsec_", "whsec_d2hzZWNf"},            // an empty key would be everybody's
      {"WHSEC_AAEC", "WHSEC_AAEC", "whsec_V0hTRUNfQUFFQw=="},
  };
  for (const auto& [secret, key, whsec] : cases) {
    EXPECT_EQ(standard_key(secret), key) << secret;
    EXPECT_EQ(to_whsec(secret), whsec) << secret;
    EXPECT_EQ(standard_key(to_whsec(secret)), key) << secret;
  }
}

}  // namespace
}  // namespace fairlead::crypto
