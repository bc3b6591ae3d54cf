// The strangers' door: /ingest/{mask}.
#pragma once

#include <functional>

#include "common/net/http_server.hpp"
#include "common/store/db.hpp"
#include "data_plane/ingest/admission.hpp"
#include "data_plane/ingest/batcher.hpp"
#include "data_plane/ingest/source_request.hpp"

namespace fairlead::ingest {

class SourceRoute {
 public:
  struct Wiring {
    Batcher& batcher;
    match::Refresher& refresher;
    store::Db& db;  // for challenges
    Metrics& metrics;
    DatabaseClock clock;
    std::size_t payload_bytes_max = 0;
    std::function<bool()> is_ready;
  };
  SourceRoute(Wiring wiring, Admission& admission) : wiring_(std::move(wiring)), admission_(admission) {}

  // POST: 200 once the event is committed. GET with crc_token: X's (Twitter's) challenge. Thread-safe.
  [[nodiscard]] Task<net::HttpResponse> handle(std::shared_ptr<const net::HttpRequest> request);

 private:
  Task<net::HttpResponse> take(std::shared_ptr<const net::HttpRequest> request, std::string mask);
  Task<Result<net::HttpResponse>> answer_challenge(std::shared_ptr<const net::HttpRequest> request, std::string mask);
  Task<Result<match::SourcePtr>> find_current(std::string mask);
  Task<Result<void>> judge_current(std::shared_ptr<Submission> submission);
  Wiring wiring_;
  Admission& admission_;
};

// Whether the path is below /ingest/.
[[nodiscard]] bool is_source_path(std::string_view path);

}  // namespace fairlead::ingest
