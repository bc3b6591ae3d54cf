#include "control_plane/http/auth.hpp"

#include <gtest/gtest.h>

#include "common/crypto/digest.hpp"
#include "control_plane/http/api_version.hpp"
#include "control_plane/http/router.hpp"

namespace fairlead::control {
namespace {

// Goal: only a well-formed bearer credential is hashed, and told by its form; the scheme has no case. Method: each
// form, good and bad headers.
TEST(Authorization, ReadsBearerCredentials) {
  using Kind = Credential::Kind;
  for (const auto& [text, kind] : {std::pair{"CO.abc.def", Kind::api_key}, std::pair{"PRT.abc.def", Kind::portal_token},
                                   std::pair{"abcdefghijklmnopqrstuvwx", Kind::portal_link}}) {
    const auto credential = parse_authorization("bEaReR " + std::string(text));
    ASSERT_TRUE(credential) << text;
    EXPECT_EQ(credential->hash, crypto::sha256(text));
    EXPECT_EQ(credential->kind, kind) << text;
  }
  for (const char* header : {"", "Bearer", "Bearer ", " CO.abc", "Bearer CO.abc def", "Bearer  CO.abc"}) {
    const auto refused = parse_authorization(header);
    ASSERT_FALSE(refused) << header;
    EXPECT_EQ(refused.error().reason, "authentication_required") << header;
  }
  EXPECT_EQ(parse_authorization(std::nullopt).error().reason, "authentication_required");
  for (const char* header : {"Basic dXNlcjpwYXNz", "Bearer eyJh.eyJz.c2ln", "Bearer CX.abc.def"}) {
    EXPECT_EQ(parse_authorization(header).error().reason, "authorization_failed") << header;
    EXPECT_EQ(parse_authorization(header).error().code, Code::unauthorized) << header;
  }
}

Task<Result<Response>> nothing(Context&, RequestPtr) { co_return Response{}; }

// Goal: what a route needs of a key follows from its method and path, and a path that nobody thought of needs a full
// one. Method: table.
TEST(Scopes, FollowFromTheRoute) {
  using http::verb;
  const std::vector<std::tuple<verb, std::string_view, KeyScope>> table = {
      {verb::get, "/api/v1/projects/{project}/endpoints/?", KeyScope::read_only},
      {verb::get, "/api/v1/projects/{project}/portal-links/{portal_link}/refresh_token", KeyScope::full},
      {verb::post, "/api/v1/projects/{project}/events/?", KeyScope::events_only},
      {verb::post, "/api/v1/projects/{project}/events/fanout", KeyScope::events_only},
      {verb::post, "/api/v1/projects/{project}/events/broadcast", KeyScope::events_only},
      {verb::post, "/api/v1/projects/{project}/events/dynamic", KeyScope::events_only},
      {verb::post, "/api/v1/projects/{project}/events/batch", KeyScope::events_only},
      {verb::post, "/api/v1/projects/{project}/events/batchreplay", KeyScope::full},
      {verb::put, "/api/v1/projects/{project}/events/{event}/replay", KeyScope::full},
      {verb::post, "/api/v1/projects/{project}/event-types/?", KeyScope::full},
      {verb::post, "/api/v1/projects/{project}/eventdeliveries/batchretry", KeyScope::full},
      {verb::delete_, "/api/v1/projects/{project}/events/?", KeyScope::full},
      {verb::post, "/api/v1/projects/{project}/of-tomorrow", KeyScope::full}};
  for (const auto& [method, path, scope] : table)
    EXPECT_EQ(scope_of({method, path, Right::project, &nothing}), scope) << path;
}

// Goal: a right needs its credential. Method: every scope and capability against every need.
TEST(Rights, NeedTheirCredential) {
  const Route read{http::verb::get, "/r", Right::project, &nothing, Portal::read};
  const Route write{http::verb::post, "/w", Right::project, &nothing};
  const Route organisation{http::verb::get, "/o", Right::organisation_key, &nothing};
  const auto reason = [](const Caller& caller, const Route& route) {
    const auto checked = check_right(caller, route);
    return checked ? std::string() : checked.error().reason;
  };
  Caller key{.key = {}, .organisation = {}, .project = ProjectId{}, .scope = KeyScope::full, .portal = {}};
  EXPECT_EQ(reason(key, read), "");
  EXPECT_EQ(reason(key, write), "");
  EXPECT_EQ(reason(key, organisation), "organisation_key_required");
  key.scope = KeyScope::read_only;
  EXPECT_EQ(reason(key, read), "");
  EXPECT_EQ(reason(key, write), "insufficient_scope");
  key.scope = KeyScope::events_only;
  EXPECT_EQ(reason(key, read), "insufficient_scope");
  EXPECT_EQ(reason(key, write), "insufficient_scope");
  key.scope = KeyScope::full;
  PortalScope scope;
  scope.may_replay = false;
  const auto with = [&](auto change) {
    auto changed = scope;
    change(changed);
    auto caller = key;
    caller.portal = std::make_shared<PortalScope>(changed);
    return caller;
  };
  const auto bare = with([](auto&) {});
  EXPECT_EQ(reason(bare, read), "");
  EXPECT_EQ(reason(bare, write), "portal_token_refused");
  EXPECT_EQ(reason(bare, organisation), "portal_token_refused");
  const auto needs = [&](Portal portal) { return Route{http::verb::put, "/n", Right::project, &nothing, portal}; };
  for (const auto portal : {Portal::manage, Portal::rotate, Portal::replay})
    EXPECT_EQ(reason(bare, needs(portal)), "capability_missing");
  EXPECT_EQ(reason(with([](auto& s) { s.may_manage_endpoints = true; }), needs(Portal::manage)), "");
  EXPECT_EQ(reason(with([](auto& s) { s.may_see_secrets = true; }), needs(Portal::rotate)), "");
  EXPECT_EQ(reason(with([](auto& s) { s.may_replay = true; }), needs(Portal::replay)), "");
}

// Goal: shapes change at the versions' dates; no date is older than all. Method: the days around them.
TEST(ApiVersions, ChangeShapesByDate) {
  const auto version = [](std::optional<std::string_view> header) { return ApiVersion::from_header(header); };
  EXPECT_FALSE(version(std::nullopt).has_old_names);
  EXPECT_FALSE(version("2025-11-24").has_old_names);
  EXPECT_FALSE(version("2024-04-01").has_old_names);
  EXPECT_TRUE(version("2024-03-31").has_old_names);
  EXPECT_FALSE(version("2024-01-01").has_text_durations);
  EXPECT_TRUE(version("2023-12-31").has_text_durations);
  EXPECT_TRUE(version("0001-01-01").has_text_durations);
  EXPECT_TRUE(version("newest").has_text_durations);
}

}  // namespace
}  // namespace fairlead::control
