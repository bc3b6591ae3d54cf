// The producers' door: event creation over HTTP.
#pragma once

#include <atomic>
#include <functional>

#include "common/net/http_server.hpp"
#include "common/store/db.hpp"
#include "data_plane/ingest/admission.hpp"
#include "data_plane/ingest/batcher.hpp"
#include "data_plane/ingest/dynamic_endpoints.hpp"
#include "data_plane/ingest/source_route.hpp"

namespace fairlead::ingest {

// The events of a batch and what became of each, in the order of the request.
struct BatchWork {
  std::vector<Result<std::shared_ptr<Submission>>> submissions;
  std::vector<Result<StoredEvent>> answers;
  std::atomic<std::size_t> open_chains = 0;
};

class Route {
 public:
  struct Wiring {
    Batcher& batcher;
    match::Refresher& refresher;
    store::Db& db;  // for catch-all subscriptions
    Metrics& metrics;
    DatabaseClock clock;
    std::size_t payload_bytes_max = 0;  // whatever the project allows
    int events_per_minute_max = 0;      // of all projects together; 0: no limit
    std::function<bool()> is_ready;     // false: 503 before anything is read into
    net::AddressGuard guard;            // for the URLs of dynamic events
  };
  explicit Route(Wiring wiring)
      : wiring_(std::move(wiring)),
        dynamic_({wiring_.db, wiring_.refresher, wiring_.clock, wiring_.guard}),
        admission_(wiring_.events_per_minute_max),
        sources_({wiring_.batcher, wiring_.refresher, wiring_.db, wiring_.metrics, wiring_.clock,
                  wiring_.payload_bytes_max, wiring_.is_ready},
                 admission_) {}

  // POST /api/v1/projects/{id}/events and …/events/{fanout, broadcast, dynamic, batch}; /ingest/{mask}; GET /healthz.
  // Thread-safe.
  [[nodiscard]] Task<net::HttpResponse> handle(std::shared_ptr<const net::HttpRequest> request);

 private:
  Task<net::HttpResponse> create_event(std::shared_ptr<const net::HttpRequest> request, ProjectId project,
                                       EventKind kind);
  Task<net::HttpResponse> create_batch(std::shared_ptr<const net::HttpRequest> request, ProjectId project);
  // Who sends, and whether they may: known before anything of the body is read.
  struct Entrance {
    KeyHash key{};
    match::ProjectPtr project;
  };
  [[nodiscard]] Result<Entrance> enter(const net::HttpRequest& request, const ProjectId& project);
  Task<Result<Entrance>> enter_again(std::shared_ptr<const net::HttpRequest> request, ProjectId project);
  // Returns once each event has its answer.
  Task<void> accept_all(std::shared_ptr<BatchWork> work);
  Task<void> accept_chain(std::shared_ptr<BatchWork> work, std::vector<std::size_t> indexes);
  Task<Result<StoredEvent>> accept(std::shared_ptr<Submission> submission);
  Task<Result<StoredEvent>> accept_dynamic(std::shared_ptr<Submission> submission);
  Task<Result<StoredEvent>> accept_addressed(std::shared_ptr<Submission> submission);
  [[nodiscard]] Result<void> judge_current(Submission& submission);
  [[nodiscard]] Result<std::shared_ptr<Submission>> read_batch_item(const Entrance& entrance, std::string_view item,
                                                                    const RequestHeaders& headers);
  Wiring wiring_;
  DynamicEndpoints dynamic_;
  Admission admission_;
  SourceRoute sources_;
};

}  // namespace fairlead::ingest
