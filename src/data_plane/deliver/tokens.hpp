// Access tokens of endpoints with OAuth 2.0 client credentials: kept in memory per endpoint and configuration, fetched
// once for all who wait, renewed before they expire.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <unordered_map>

#include "common/core/id.hpp"
#include "common/core/secret.hpp"
#include "common/net/http_client.hpp"
#include "common/net/oauth.hpp"
#include "common/net/serial.hpp"
#include "data_plane/flow.hpp"

namespace fairlead::deliver {

// Thread-safe: the state lives on a strand of its own. Outlives every caller; its requests end with the client's.
class Tokens {
 public:
  using Config = std::shared_ptr<const Secret>;
  struct Answer {
    std::string authorization;  // "Bearer …"; empty: none was to be had
    bool was_kept = false;      // it was not fetched for this caller: the endpoint may have forgotten it
    net::FailureClass failure = net::FailureClass::none;
    std::string error;
  };

  Tokens(boost::asio::any_io_executor executor, net::HttpClient& client, DatabaseClock clock);
  // A token of the endpoint, by `deadline` at the latest. A server that fails is asked at most once a second.
  [[nodiscard]] Task<Answer> get(EndpointId endpoint, Config config, Steady::time_point deadline);
  // The endpoint refused it: it is not given out again.
  void refuse(EndpointId endpoint, std::string authorization);

 private:
  struct Entry;
  using EntryPtr = std::shared_ptr<Entry>;
  Task<Answer> find(EndpointId endpoint, Config config, Steady::time_point deadline);
  EntryPtr entry_for(const EndpointId& endpoint, const Config& config);
  void start_fetch(const EntryPtr& entry);
  Task<void> fetch(EntryPtr entry);
  void sweep(const EntryPtr& kept);

  Serial strand_;
  net::HttpClient& client_;
  DatabaseClock clock_;
  std::unordered_map<EndpointId, EntryPtr> entries_;
};

}  // namespace fairlead::deliver
