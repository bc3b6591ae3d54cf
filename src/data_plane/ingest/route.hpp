// The producers' door: event creation over HTTP.
#pragma once

#include <functional>

#include "common/net/http_server.hpp"
#include "common/store/db.hpp"
#include "data_plane/ingest/admission.hpp"
#include "data_plane/ingest/batcher.hpp"

namespace fairlead::ingest {

class Route {
 public:
  struct Wiring {
    Batcher& batcher;
    match::Refresher& refresher;
    store::Db& db;  // for catch-all subscriptions
    Metrics& metrics;
    DatabaseClock clock;
    std::size_t payload_bytes_max = 0;  // whatever the project allows
    std::function<bool()> is_ready;     // false: 503 before anything is read into
  };
  explicit Route(Wiring wiring) : wiring_(std::move(wiring)) {}

  // POST /api/v1/projects/{id}/events, …/events/fanout, …/events/broadcast; GET /healthz. Thread-safe.
  [[nodiscard]] Task<net::HttpResponse> handle(std::shared_ptr<const net::HttpRequest> request);

 private:
  Task<net::HttpResponse> create_event(std::shared_ptr<const net::HttpRequest> request, ProjectId project,
                                       EventKind kind);
  Task<Result<match::ProjectPtr>> authorize_current(KeyHash key, ProjectId project);
  Task<Result<StoredEvent>> accept(std::shared_ptr<Submission> submission);
  Task<Result<void>> judge_current(std::shared_ptr<Submission> submission);
  Wiring wiring_;
  Admission admission_;
};

}  // namespace fairlead::ingest
