// An HttpClient with its loop, for the tests of the outgoing half. 127.0.0.0/8 is allowed unless said otherwise.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "common/net/http_client.hpp"

namespace fairlead::test {

struct WorldOptions {
  int threads = 2;
  std::vector<std::string> allowed = {"127.0.0.0/8"};
  net::ResolverOptions dns = {.servers = {"127.0.0.1:1"}, .timeout = std::chrono::milliseconds(500), .tries = 1};
  net::ClientOptions client = {};
};

struct PostOptions {
  std::string body = R"({"a":1})";
  net::HeaderList headers = {{"Content-Type", "application/json"}};
  std::chrono::milliseconds timeout{5000};
  bool is_fresh = false;
};

class World {
 public:
  explicit World(WorldOptions options = {})
      : guard_(net::AddressGuard::from_allowed(options.allowed).value()), work_(boost::asio::make_work_guard(io)) {
    resolver.emplace(io.get_executor(), options.dns);
    client.emplace(io.get_executor(), *resolver, guard_, options.client);
    for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { io.run(); });
  }
  ~World() {
    client.reset();
    resolver->stop();
    work_.reset();
    for (auto& thread : threads_) thread.join();
  }

  // On the io_context itself, not on a strand: any thread may run the caller.
  std::future<net::ClientResponse> start(const std::string& url, PostOptions options = {}) {
    auto parsed = net::parse_internal_url(url);
    if (!parsed) throw std::runtime_error(parsed.error().message);
    net::ClientRequest request{.url = *parsed,
                               .headers = options.headers,
                               .body = std::make_shared<const std::string>(options.body),
                               .timeout = options.timeout,
                               .is_fresh = options.is_fresh};
    auto promise = std::make_shared<std::promise<net::ClientResponse>>();
    boost::asio::co_spawn(io, client->post(std::move(request)),
                          [promise](const std::exception_ptr& error, net::ClientResponse response) {
                            error ? promise->set_exception(error) : promise->set_value(std::move(response));
                          });
    return promise->get_future();
  }
  net::ClientResponse post(const std::string& url, PostOptions options = {}) {
    return start(url, std::move(options)).get();
  }

  boost::asio::io_context io;
  std::optional<net::Resolver> resolver;
  std::optional<net::HttpClient> client;

 private:
  net::AddressGuard guard_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
};

}  // namespace fairlead::test
