// Created events go on to a data plane, here a scripted one.
#include "tests/integration/control_plane/control_world.hpp"
#include "tests/support/scripted_server.hpp"

namespace fairlead::testing {
namespace {

struct DataPlane {
  std::mutex mutex;
  std::string request;  // the last one
  test::ScriptedServer server{[this](test::Peer& peer) {
    auto text = peer.read_request();
    {
      const std::lock_guard lock(mutex);
      request = std::move(text);
    }
    peer.send(test::answer(409, R"({"status":false,"message":"other content","code":"idempotency_conflict"})",
                           "Content-Type: application/json\r\nRetry-After: 7\r\nX-Private: no\r\n"));
  }};
};

struct WithDataPlane {
  DataPlane data_plane;
};

// The data plane first: the control world needs its URL.
class Forward : private WithDataPlane, public ControlWorld {
 protected:
  Forward() : ControlWorld(data_plane.server.url("/base/")) {}
  std::string received() {
    const std::lock_guard lock(data_plane.mutex);
    return data_plane.request;
  }
};

// Goal: path, body and the headers that matter go on as they came, and the answer comes back as it is. Method: each
// creating route.
TEST_F(Forward, PassesRequestAndAnswer) {
  const auto shop = client();
  const std::string body = R"({ "data" : 1.10 })";
  for (const char* path : {"events", "events/fanout", "events/broadcast"}) {
    const auto answer = shop.call(
        http::verb::post, path, body,
        {{"Idempotency-Key", "k-1"}, {"traceparent", "00-a-b-01"}, {"X-Request-Id", "r-1"}, {"X-Secret", "s"}});
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(answer.json()["code"], "idempotency_conflict");
    EXPECT_EQ(answer.headers.at("retry-after"), "7");
    EXPECT_EQ(answer.headers.at("x-request-id"), "r-1");
    EXPECT_EQ(answer.headers.at("x-convoy-version"), "2025-11-24");
    EXPECT_FALSE(answer.headers.contains("x-private"));
    const auto request = received();
    EXPECT_TRUE(request.starts_with("POST /base/api/v1/projects/" + shop.project() + "/" + path + " HTTP/1.1\r\n"))
        << request;
    EXPECT_TRUE(request.ends_with("\r\n\r\n" + body)) << request;
    for (const std::string& line : {"Authorization: Bearer " + shop.key(), std::string("Idempotency-Key: k-1"),
                                    std::string("traceparent: 00-a-b-01"), std::string("X-Request-ID: r-1"),
                                    std::string("Content-Type: application/json")}) {
      EXPECT_NE(request.find(line + "\r\n"), std::string::npos) << line << "\n" << request;
    }
    EXPECT_EQ(request.find("X-Secret"), std::string::npos);
  }
}

// Goal: only who may is passed on. Method: no key, and another project's path.
TEST_F(Forward, NotWithoutAKey) {
  EXPECT_EQ(
      exchange(app_->port(), http::verb::post, "/api/v1/projects/" + client().project() + "/events", "{}", {}).status,
      401);
  expect_problem(new_project("other").call(http::verb::post, "/projects/" + client().project() + "/events", "{}"), 404,
                 "not_found");
  EXPECT_EQ(received(), "");
}

using NoDataPlane = ControlWorld;

// Goal: without a data plane the answer is 503 with a time to try again. Method: a port where nobody listens.
TEST_F(NoDataPlane, IsUnavailable) {
  const auto answer = client().call(http::verb::post, "events", "{}");
  expect_problem(answer, 503, "data_plane_unavailable");
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
}

}  // namespace
}  // namespace fairlead::testing
