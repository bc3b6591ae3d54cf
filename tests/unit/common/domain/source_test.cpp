#include "common/domain/source.hpp"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

using Place = RequestSelector::Place;

// Goal: the spellings of the wire contract are read, case and all. Method: each of them.
TEST(SourceSelector, ReadsEverySpelling) {
  const auto read = [](std::string_view text) { return parse_selector(text, "field").value(); };
  EXPECT_EQ(read("request.header.X-Id").place, Place::header);
  EXPECT_EQ(read("req.Header.X-Id").path, "X-Id");
  EXPECT_EQ(read("request.query.id").place, Place::query);
  EXPECT_EQ(read("request.QueryParam.id").place, Place::query);
  EXPECT_EQ(read("Request.Body.order.items.0.id").path, "order.items.0.id");
  EXPECT_EQ(read("req.body.a").place, Place::body);
}

// Goal: what would find nothing is refused when it is saved. Method: one fault each.
TEST(SourceSelector, RefusesWhatFindsNothing) {
  for (const char* text :
       {"", "request", "request.body", "request.body.", "request.body..a", "request.body.a.", "response.body.a",
        "request.cookie.a", "request.header.a.b", "request.query.a.b", "request.body.a\nb"}) {
    const auto selector = parse_selector(text, "idempotency_keys.3");
    ASSERT_FALSE(selector) << text;
    EXPECT_EQ(selector.error().reason, "invalid_selector");
    EXPECT_EQ(selector.error().field, "idempotency_keys.3");
  }
}

// Goal: only proofs that cover the body forbid that headers say what an event is. Method: every kind.
TEST(SourceVerifier, TellsWhichProofsCoverTheBodyAlone) {
  for (const auto kind : {VerifierKind::none, VerifierKind::basic_auth, VerifierKind::api_key, VerifierKind::unusable})
    EXPECT_FALSE(is_body_signature(kind));
  for (const char* provider : {"github", "shopify", "twitter", "stripe", "slack", "standardwebhooks", "svix"})
    EXPECT_TRUE(is_body_signature(provider_kind(provider).value()));
  EXPECT_TRUE(is_body_signature(VerifierKind::hmac));
  EXPECT_FALSE(provider_kind("GitHub"));
}

}  // namespace
}  // namespace fairlead
