// Sends meta events: signed webhooks to where a project wants to be told, with its own strategy's retries.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unordered_map>

#include "common/net/http_client.hpp"
#include "common/net/serial.hpp"
#include "common/store/meta_events.hpp"
#include "data_plane/flow.hpp"
#include "data_plane/match/refresh.hpp"

namespace fairlead::upkeep {

// Every node takes what is due; a row is its taker's for a minute. Of one project only a few are under way at a time,
// so that a receiver that hangs takes nothing from the others. On one strand.
class MetaSender {
 public:
  struct Wiring {
    store::Db& db;
    match::Refresher& refresher;
    net::HttpClient& client;
    DatabaseClock clock;
  };
  using Strand = Serial;

  MetaSender(boost::asio::any_io_executor executor, Wiring wiring);
  // Until stop(). What is under way then ends with the client.
  Task<void> run();
  void stop();  // thread-safe

 private:
  Task<void> run_on_strand();
  Task<std::size_t> take();
  Task<void> purge();
  Task<void> send(store::DueMetaEvent event);
  Task<Result<Secret>> make_body(store::DueMetaEvent event);
  Task<void> send_and_record(store::DueMetaEvent event);

  Strand strand_;
  Wiring wiring_;
  boost::asio::steady_timer pause_;
  std::unordered_map<ProjectId, int> under_way_;
  int in_flight_ = 0;
  bool is_stopping_ = false;
  Steady::time_point purge_at_{};
};

}  // namespace fairlead::upkeep
