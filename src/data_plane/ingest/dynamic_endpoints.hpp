// Where a dynamic event goes: the endpoint with its URL, found or made before the event is matched.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "common/net/address_guard.hpp"
#include "common/store/dynamic_endpoints.hpp"
#include "data_plane/flow.hpp"
#include "data_plane/ingest/event_request.hpp"
#include "data_plane/match/refresh.hpp"

namespace fairlead::ingest {

// Thread-safe.
class DynamicEndpoints {
 public:
  struct Wiring {
    store::Db& db;
    match::Refresher& refresher;
    DatabaseClock clock;
    net::AddressGuard guard;  // the rules of every URL that is stored
  };
  explicit DynamicEndpoints(Wiring wiring) : wiring_(std::move(wiring)) {}

  // The endpoint, subscribed as the event asks. Costs a read the first time after the project's configuration changed,
  // and a change of configuration when something has to be made. Code::invalid: the URL may not be used; unavailable:
  // the database is away.
  [[nodiscard]] Task<Result<EndpointId>> resolve(ProjectId project, std::shared_ptr<const DynamicTarget> target);

 private:
  struct Known {
    std::int64_t version = 0;  // of the project's configuration, read before the endpoint was looked up
    EndpointId endpoint;
  };
  [[nodiscard]] std::optional<EndpointId> recall(const std::string& key, std::int64_t version);
  void remember(std::string key, Known known);
  Task<Result<EndpointId>> make(store::DynamicWish wish, std::shared_ptr<const DynamicTarget> target);
  Wiring wiring_;
  std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;
};

}  // namespace fairlead::ingest
