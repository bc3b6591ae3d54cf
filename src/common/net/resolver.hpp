// Name resolution that never blocks the loop: c-ares on the io_context, with a short cache and single-flight per name.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
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

// Thread-safe: all work happens on one strand of the executor. Destroy after the io_context has stopped, or after stop().
class Resolver {
 public:
  Resolver(boost::asio::any_io_executor executor, ResolverOptions options);
  ~Resolver();
  // All addresses of an absolute name (no search domains). Code::unavailable, reason "dns_failed" or "dns_not_found".
  // Answers are cached for their TTL, clamped to 1..60 s; failures for 1 s.
  [[nodiscard]] Task<Result<std::vector<boost::asio::ip::address>>> resolve(std::string host);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::net
