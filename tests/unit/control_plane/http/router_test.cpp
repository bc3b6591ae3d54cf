#include "control_plane/http/router.hpp"

#include <gtest/gtest.h>

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

// Goal: every route below a project demands the project's right, and its first parameter is the project. Method: the
// real table.
TEST(Routes, EveryProjectRouteIsGuarded) {
  for (const auto& route : all_routes()) {
    if (route.path.starts_with("/api/v1/projects/{project}"))
      EXPECT_EQ(route.right, Right::project) << route.path;
    else
      EXPECT_EQ(route.path, "/api/v1/projects/?") << "only the collection of projects lies outside a project";
  }
}

}  // namespace
}  // namespace fairlead::control
