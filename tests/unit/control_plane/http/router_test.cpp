#include "control_plane/http/router.hpp"

#include <gtest/gtest.h>

#include <set>

#include "control_plane/routes.hpp"

namespace fairlead::control {
namespace {

Task<Result<Response>> nothing(Context&, RequestPtr) { co_return Response{}; }

const std::vector<Route>& table() {
  static const std::vector<Route> routes = {
      {http::verb::get, "/things/?", Right::any_key, &nothing},
      {http::verb::post, "/things/?", Right::any_key, &nothing},
      {http::verb::post, "/things/batch", Right::any_key, &nothing},
      {http::verb::get, "/things/{thing}", Right::any_key, &nothing},
      {http::verb::put, "/things/{thing}/parts/{part}", Right::any_key, &nothing},
  };
  return routes;
}

// Goal: method and path together find the route, and parameters get their names. Method: one path of each shape.
TEST(Router, FindsRoutesAndParameters) {
  const Router router(table());
  EXPECT_EQ(router.match(http::verb::get, "/things").route, &table()[0]);
  EXPECT_EQ(router.match(http::verb::post, "/things").route, &table()[1]);
  EXPECT_EQ(router.match(http::verb::post, "/things/batch").route, &table()[2]);
  const auto match = router.match(http::verb::put, "/things/7/parts/9");
  ASSERT_EQ(match.route, &table()[4]);
  const std::vector<std::pair<std::string, std::string>> params{{"thing", "7"}, {"part", "9"}};
  EXPECT_EQ(match.params, params);
}

// Goal: one trailing slash is accepted where the table says so and nowhere else; doubled slashes never. Method: both
// kinds of route.
TEST(Router, TrailingSlashes) {
  const Router router(table());
  EXPECT_EQ(router.match(http::verb::get, "/things/").route, &table()[0]);
  for (const char* path : {"/things//", "//things", "/things/7/", "/things/7//parts/9", "/", "", "/things/7/parts"}) {
    const auto match = router.match(http::verb::get, path);
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_TRUE(match.allow.empty()) << path;
  }
}

// Goal: a known path under another method names the methods that it has. Method: a wrong verb on a collection and on an
// item.
TEST(Router, WrongMethodNamesTheOthers) {
  const Router router(table());
  const auto collection = router.match(http::verb::delete_, "/things");
  EXPECT_EQ(collection.route, nullptr);
  EXPECT_EQ(collection.allow, "GET, POST");
  EXPECT_EQ(router.match(http::verb::put, "/things/batch").allow, "POST, GET");
}

// Goal: every route below a project demands the project's right, what a portal token may call names what its link must
// allow, and nothing lies outside but what is listed here. Method: the real table.
TEST(Routes, EveryRouteIsGuarded) {
  const std::set<std::string_view> open = {"/openapi.json", "/docs/?", "/docs/{file}", "/ingest/{mask}"};
  for (const auto& route : all_routes()) {
    if (route.path.starts_with("/api/v1/projects/{project}")) {
      EXPECT_EQ(route.right, Right::project) << route.path;
    } else if (route.path.starts_with("/portal-api/")) {
      EXPECT_EQ(route.right, Right::portal) << route.path;
      EXPECT_NE(route.portal, Portal::refused) << route.path;
    } else if (route.path.starts_with("/api/v1/api-keys")) {
      EXPECT_EQ(route.right, Right::organisation_key) << route.path;
    } else if (route.path == "/api/v1/projects/?") {
      EXPECT_EQ(route.right, route.method == http::verb::get ? Right::any_key : Right::organisation_key);
    } else {
      EXPECT_EQ(route.right, Right::anyone) << route.path;
      EXPECT_TRUE(open.contains(route.path)) << route.path << " needs no credential";
    }
  }
}

// Goal: a portal token can call an operation below /portal-api exactly if it can below the project, by the same handler
// and on the same condition. Method: the real table, both ways.
TEST(Routes, PortalRoutesAreTwins) {
  constexpr std::string_view kProject = "/api/v1/projects/{project}";
  for (const auto& route : all_routes()) {
    if (!route.path.starts_with(kProject)) continue;
    const auto path = "/portal-api" + std::string(route.path.substr(kProject.size()));
    const auto twin = std::ranges::find_if(
        all_routes(), [&](const Route& each) { return each.path == path && each.method == route.method; });
    ASSERT_EQ(twin != all_routes().end(), route.portal != Portal::refused) << route.path;
    if (twin == all_routes().end()) continue;
    EXPECT_EQ(twin->handler, route.handler) << path;
    EXPECT_EQ(twin->portal, route.portal) << path;
  }
}

}  // namespace
}  // namespace fairlead::control
