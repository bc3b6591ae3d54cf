// The stages of an event's way and how they meet; built once the database has answered.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <memory>

#include "common/crypto/seal.hpp"
#include "common/net/http_client.hpp"
#include "common/net/http_server.hpp"
#include "common/store/db.hpp"
#include "data_plane/deliver/dispatcher.hpp"
#include "data_plane/ingest/batcher.hpp"
#include "data_plane/ingest/route.hpp"
#include "data_plane/lanes/hints.hpp"
#include "data_plane/lanes/ownership.hpp"
#include "data_plane/match/refresh.hpp"
#include "data_plane/settings.hpp"
#include "data_plane/upkeep/expansion.hpp"
#include "data_plane/upkeep/housekeeping.hpp"
#include "data_plane/upkeep/jobs.hpp"
#include "data_plane/upkeep/meta_sender.hpp"

namespace fairlead::data {

// Connections by what must not wait for what: commits, results, reads, the lease, configuration, upkeep, matching
// after the answer, jobs.
struct Databases {
  explicit Databases(const Settings& settings);
  store::Db ingest, record, fetch, lease, config, upkeep, hint, expand, jobs;
  [[nodiscard]] static store::DbOptions options(const Settings& settings, const char* use);
};

// What runs where: requests and commits beside deliveries and all that keeps them going.
struct Contexts {
  boost::asio::io_context& ingest;
  boost::asio::io_context& deliver;
};

class Stages {
 public:
  Stages(const Contexts& contexts, const Settings& settings, Databases& databases, const crypto::Sealer& sealer,
         net::HttpClient& client, Metrics& metrics, int lane_count, TimePoint database_now);

  // Starts every loop. The first snapshot is read here: unavailable if the database went away again.
  [[nodiscard]] Task<Result<void>> start();
  [[nodiscard]] Task<net::HttpResponse> handle(std::shared_ptr<const net::HttpRequest> request) {
    return route_.handle(std::move(request));
  }
  // Why this node cannot serve; nothing: it can.
  [[nodiscard]] std::vector<std::string> complaints() const;
  // Comes back once the strand of the deliveries and the strand of the commits have each made a turn.
  Task<void> turn();
  // After the public port has closed: commits what was accepted, ends what is in flight, gives the lanes up. False if
  // the deadline cut something.
  [[nodiscard]] Task<bool> drain(std::chrono::seconds deadline);

 private:
  [[nodiscard]] TimePoint clock() const { return wall_now() + Micros(offset_us_.load(std::memory_order_relaxed)); }
  void set_clock_offset(Micros offset);
  void send_hint(std::vector<store::EndpointDue> endpoints);
  [[nodiscard]] Task<std::vector<std::int16_t>> owned_lanes();
  [[nodiscard]] lanes::Crew make_crew();
  [[nodiscard]] upkeep::LaneWork lane_work(store::Db& db);
  Task<void> run_batcher();
  Task<void> run_dispatcher();

  boost::asio::io_context& context_;
  Databases& databases_;
  Metrics& metrics_;
  int lane_count_;
  std::atomic<std::int64_t> offset_us_ = 0;
  std::atomic<bool> is_batcher_done_ = false, is_dispatcher_done_ = false;
  match::Refresher refresher_;
  deliver::Dispatcher dispatcher_;
  ingest::Batcher batcher_;
  ingest::Route route_;
  lanes::Ownership ownership_;
  upkeep::Expansion expansion_;
  upkeep::Jobs jobs_;
  upkeep::Housekeeping housekeeping_;
  upkeep::MetaSender meta_sender_;
  net::HttpClient& client_;
  std::unique_ptr<lanes::HintListener> listener_;
  store::DbOptions listener_options_;
};

}  // namespace fairlead::data
