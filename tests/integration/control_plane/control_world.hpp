// The control plane in this process, on a schema and a port of its own, and a client that shows everything.
#pragma once

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <boost/asio/connect.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/crypto/digest.hpp"
#include "common/crypto/seal.hpp"
#include "control_plane/app.hpp"
#include "control_plane/services/bootstrap.hpp"
#include "tests/support/test_database.hpp"

namespace fairlead::testing {

using Json = nlohmann::json;
namespace http = boost::beast::http;

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  [[nodiscard]] Json json() const { return Json::parse(body); }
  [[nodiscard]] Json data() const { return json().at("data"); }
};

using RequestHeaders = std::vector<std::pair<std::string, std::string>>;

inline Answer exchange(std::uint16_t port, http::verb method, const std::string& target, const std::string& body,
                       const RequestHeaders& headers) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::socket socket(context);
  socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
  http::request<http::string_body> request{method, target, 11};
  request.set(http::field::host, "127.0.0.1");
  request.keep_alive(false);
  for (const auto& [name, value] : headers) request.insert(name, value);
  request.body() = body;
  request.prepare_payload();
  http::write(socket, request);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(64 * 1024 * 1024);
  http::read(socket, buffer, parser);
  Answer answer{.status = static_cast<int>(parser.get().result_int()), .headers = {}, .body = parser.get().body()};
  for (const auto& field : parser.get()) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    answer.headers[name] = std::string(field.value());
  }
  return answer;
}

// Calls with one key below one project; a path that begins with "/" begins at /api/v1.
class Client {
 public:
  Client(std::uint16_t port, std::string key, std::string project)
      : port_(port), key_(std::move(key)), project_(std::move(project)) {}
  [[nodiscard]] const std::string& project() const { return project_; }
  [[nodiscard]] const std::string& key() const { return key_; }

  Answer call(http::verb method, const std::string& path, const std::string& body = "",
              RequestHeaders headers = {}) const {
    headers.emplace_back("Authorization", "Bearer " + key_);
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    const std::string base = path.starts_with('/') ? "/api/v1" : "/api/v1/projects/" + project_ + "/";
    return exchange(port_, method, base + path, body, headers);
  }
  Answer get(const std::string& path, RequestHeaders headers = {}) const {
    return call(http::verb::get, path, "", std::move(headers));
  }
  Answer post(const std::string& path, const Json& body, RequestHeaders headers = {}) const {
    return call(http::verb::post, path, body.dump(), std::move(headers));
  }
  Answer put(const std::string& path, const Json& body, RequestHeaders headers = {}) const {
    return call(http::verb::put, path, body.dump(), std::move(headers));
  }
  Answer remove(const std::string& path) const { return call(http::verb::delete_, path); }

  // The data of an answer that must have that status.
  static Json expect(int status, const Answer& answer) {
    EXPECT_EQ(answer.status, status) << answer.body;
    const auto json = Json::parse(answer.body, nullptr, false);
    return json.is_object() && json.contains("data") ? json["data"] : Json();
  }
  Json endpoint(Json fields = Json::object()) const {
    if (!fields.contains("name")) fields["name"] = "billing";
    if (!fields.contains("url")) fields["url"] = "https://hooks.example.com/in";
    return expect(201, post("endpoints", fields));
  }
  Json subscription(const std::string& endpoint, Json fields = Json::object()) const {
    if (!fields.contains("name")) fields["name"] = "all";
    fields["endpoint_id"] = endpoint;
    return expect(201, post("subscriptions", fields));
  }

 private:
  std::uint16_t port_;
  std::string key_;
  std::string project_;
};

class ControlWorld : public ::testing::Test {
 protected:
  explicit ControlWorld(const std::string& data_url = "http://127.0.0.1:9") {
    spdlog::set_level(spdlog::level::warn);
    control::Settings settings;
    settings.common.database_url = Secret(database_.url());
    settings.common.master_key = Secret(crypto::make_master_key());
    settings.listen = settings.admin_listen = {"127.0.0.1", 0};
    settings.data_url = data_url;
    settings.script_program = FAIRLEAD_SCRIPT_PROGRAM;
    sealer_ = std::make_unique<crypto::Sealer>(crypto::Sealer::from_text(settings.common.master_key).value());
    made_ = bootstrap();
    app_ = std::move(control::App::make(context_, settings)).value();
    if (const auto started = app_->start(); !started) throw std::runtime_error(started.error().message);
    thread_ = std::thread([this] { context_.run(); });
  }
  ~ControlWorld() override {
    app_->drain();
    context_.stop();
    thread_.join();
  }

  control::Bootstrapped bootstrap() {
    auto connection = database_.connect();
    control::IdSource ids;
    return connection
        .run(store::TxKind::read_write, [&](store::Tx& tx) { return control::bootstrap(tx, {}, ids, wall_now()); })
        .value();
  }
  // With the organisation's key, below the bootstrapped project.
  Client client() const { return {app_->port(), made_.key.reveal(), to_text(made_.project)}; }
  // With the own key of a new project.
  Client new_project(const std::string& name, Json config = Json::object()) const {
    const auto data = Client::expect(
        201, client().post("/projects", {{"name", name}, {"type", "outgoing"}, {"config", std::move(config)}}));
    return {app_->port(), data["api_key"]["key"].get<std::string>(), data["project"]["uid"].get<std::string>()};
  }
  std::int64_t config_version(const Client& client) const {
    return std::stoll(database_.sql("SELECT config_version FROM projects WHERE id = '" +
                                    to_uuid(parse_id<ProjectTag>(client.project()).value()) + "'"));
  }

  TestDatabase database_;
  std::unique_ptr<crypto::Sealer> sealer_;
  control::Bootstrapped made_;
  boost::asio::io_context context_;
  std::unique_ptr<control::App> app_;
  std::thread thread_;
};

// The answer names the field, in the envelope, with a code.
inline void expect_problem(const Answer& answer, int status, const std::string& code, const std::string& field = "") {
  EXPECT_EQ(answer.status, status) << answer.body;
  const auto json = answer.json();
  EXPECT_FALSE(json.at("status").get<bool>());
  EXPECT_EQ(json.value("code", ""), code) << answer.body;
  EXPECT_EQ(json.value("field", ""), field) << answer.body;
  EXPECT_FALSE(json.contains("data"));
  EXPECT_FALSE(json.value("message", "").empty());
}

}  // namespace fairlead::testing
