#include <algorithm>
#include <set>

#include "control_plane/routes.hpp"
#include "tests/integration/control_plane/control_world.hpp"

namespace fairlead::testing {
namespace {

class Documentation : public ControlWorld {
 protected:
  Answer get(const std::string& path, const RequestHeaders& headers = {}) const {
    return exchange(app_->port(), http::verb::get, path, "", headers);
  }
};

// "/a/{some_name}/?" → "/a/{}": parameters have names of their own on each side.
std::string without_names(std::string path) {
  if (path.ends_with("/?")) path.resize(path.size() - 2);
  for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{', at + 1))
    path.erase(at + 1, path.find('}', at) - at - 1);
  return path;
}

std::set<std::string> routed() {
  std::set<std::string> found;
  for (const auto& route : control::all_routes()) {
    std::string method(http::to_string(route.method));
    std::ranges::transform(method, method.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    found.insert(method + " " + without_names(std::string(route.path)));
  }
  found.insert("get /healthz");  // answered in front of the table, at both servers
  return found;
}

std::set<std::string> documented(const Json& document) {
  std::set<std::string> found;
  for (const auto& [path, item] : document.at("paths").items()) {
    for (const auto& [method, operation] : item.items()) found.insert(method + " " + without_names(path));
  }
  return found;
}

std::vector<std::string> missing(const std::set<std::string>& all, const std::set<std::string>& some) {
  std::vector<std::string> left;
  std::ranges::set_difference(all, some, std::back_inserter(left));
  return left;
}

// Goal: the served document describes exactly what is routed. Method: methods and paths of both, each less the other.
TEST_F(Documentation, DescribesExactlyWhatIsRouted) {
  const auto described = documented(get("/openapi.json").json());
  EXPECT_EQ(missing(routed(), described), std::vector<std::string>{}) << "routed, not in docs/openapi.yaml";
  EXPECT_EQ(missing(described, routed()), std::vector<std::string>{}) << "in docs/openapi.yaml, not routed";
  EXPECT_GT(described.size(), 30U);
}

// Goal: every operation has an id of its own. Method: as many ids as operations.
TEST_F(Documentation, EveryOperationHasAnId) {
  const auto document = get("/openapi.json").json();
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  std::set<std::string> ids;
  std::size_t operations = 0;
  for (const auto& [path, item] : document.at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      ids.insert(operation.at("operationId").get<std::string>());
      ++operations;
    }
  }
  EXPECT_EQ(ids.size(), operations);
}

// Goal: a copy that is still good is not sent again, and a packed one says what it is. Method: the ETag sent back,
// alone, in a list, weakened, and wrong; with and without gzip.
TEST_F(Documentation, CanBeKept) {
  const auto first = get("/openapi.json");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.headers.at("content-type"), "application/json");
  EXPECT_EQ(first.headers.at("cache-control"), "no-cache");
  const auto etag = first.headers.at("etag");
  for (const auto& good : {etag, "\"other\", " + etag, "W/" + etag}) {
    const auto again = get("/openapi.json", {{"If-None-Match", good}});
    EXPECT_EQ(again.status, 304) << good;
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.headers.at("etag"), etag);
  }
  EXPECT_EQ(get("/openapi.json", {{"If-None-Match", "\"other\""}}).status, 200);
  const auto packed = get("/openapi.json", {{"Accept-Encoding", "br, gzip;q=0.8"}});
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(packed.headers.at("vary"), "Accept-Encoding");
  EXPECT_LT(packed.body.size(), first.body.size() / 2);
  EXPECT_FALSE(get("/openapi.json", {{"Accept-Encoding", "gzip;q=0"}}).headers.contains("content-encoding"));
}

// Goal: the reference comes from this server alone. Method: the page names no other host, its policy allows none, and
// each file that it names is there.
TEST_F(Documentation, ReferenceIsSelfContained) {
  const auto page = get("/docs");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(get("/docs/").body, page.body);
  EXPECT_TRUE(page.headers.at("content-type").starts_with("text/html"));
  EXPECT_TRUE(page.headers.at("content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
  EXPECT_EQ(page.body.find("http"), std::string::npos);
  for (std::size_t at = page.body.find("\"/docs/"); at != std::string::npos; at = page.body.find("\"/docs/", at + 1)) {
    const auto path = page.body.substr(at + 1, page.body.find('"', at + 1) - at - 1);
    EXPECT_EQ(get(path).status, 200) << path;
  }
  expect_problem(get("/docs/nothing.js"), 404, "no_such_route");
  expect_problem(get("/docs/../openapi.json"), 404, "no_such_route");
}

}  // namespace
}  // namespace fairlead::testing
