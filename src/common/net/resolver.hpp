// Name resolution that never blocks the loop: c-ares on the io_context, with a short cache and single-flight per name.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/core/result.hpp"
#include "common/ops/task.hpp"

namespace fairlead::net {

struct ResolverOptions {
  std::vector<std::string> servers = {};  // "127.0.0.1:5353"; empty: the system's (/etc/resolv.conf)
  std::chrono::milliseconds timeout{2000};
  int tries = 2;
};

// Thread-safe: all work happens on one strand of the executor. Destroy after the io_context has stopped, or after
// stop(). The constructor throws std::runtime_error if the options (a server's address) cannot be used.
class Resolver {
 public:
  using Answer = Result<std::vector<boost::asio::ip::address>>;
  using Callback = std::function<void(const Answer&)>;

  Resolver(boost::asio::any_io_executor executor, ResolverOptions options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  // All addresses of an absolute name (no search domains). Code::unavailable, reason "dns_failed" or "dns_not_found".
  // Answers are cached for their TTL, clamped to 1..60 s; failures for 1 s. Resumes on the caller's executor.
  [[nodiscard]] Task<Answer> resolve(std::string host);
  // The same with a callback, which runs once, on the resolver's strand, and must neither throw nor block.
  void resolve(std::string host, Callback then);
  // Whoever waits is answered with dns_failed, and so is everybody after.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::net
