// What a stranger sends to /ingest/{mask}, as an event: proved, typed, and recognised when it comes again.
#pragma once

#include <memory>
#include <string>

#include "common/net/http_server.hpp"
#include "data_plane/ingest/event_request.hpp"
#include "data_plane/match/snapshot.hpp"

namespace fairlead::ingest {

struct Submission;

struct SourceReading {
  EventRequest request;
  std::string challenge;  // not empty: a provider's handshake, to be answered with it; there is no event
};

// Code::invalid: verification_failed, timestamp_out_of_tolerance; event_type_missing, idempotency_value_missing,
// invalid_form, invalid_json, invalid_content_type, loop_detected, each with its field.
[[nodiscard]] Result<SourceReading> read_source_request(const SourceConfig& source, const net::HttpRequest& request,
                                                        TimePoint now);

// A request on its way through a source, with what it was last judged by.
struct SourceArrival {
  std::string mask;
  std::shared_ptr<const net::HttpRequest> http;
  std::size_t payload_bytes_max = 0;  // of this node, whatever the project allows
  match::SourcePtr judged_by;
  std::string challenge;
};

// The source that listens at the mask, and takes requests. Code::not_found: there is none; forbidden "source_disabled";
// invalid "source_not_http".
[[nodiscard]] Result<match::SourcePtr> find_open_source(const std::string& mask, const match::Snapshot& snapshot);

// find_open_source(), too_large, read_source_request() unless the same source has judged it, and what it matches.
[[nodiscard]] Result<void> judge_source(Submission& submission, const match::Snapshot& snapshot, TimePoint now);

}  // namespace fairlead::ingest
