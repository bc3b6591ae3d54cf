// Deliveries and the queue rows that stand for the unfinished ones.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/core/id.hpp"

namespace fairlead {

// As stored in deliveries.status. "Processing" is in a node's memory only.
enum class DeliveryStatus : std::int16_t { scheduled = 0, retry = 1, success = 2, failure = 3, discarded = 4 };

// Counts the gateways that an event has passed, so that a loop ends. Outgoing requests carry it; an event's headers
// hold it only if it is not 1.
inline constexpr std::string_view hops_header = "Fairlead-Hops";

struct QueueRow {
  std::int16_t lane = 0;
  ProjectId project;
  EndpointId endpoint;
  DeliveryId delivery;
  EventId event;
  SubscriptionId subscription;
  TimePoint due;
  int attempt = 0;  // attempts already made
  std::int64_t config_version = 0;
  int attempts_before = 0;  // of them, those made before the present retry budget began
};

// What an event that came in through a source has beyond others.
struct EventOrigin {
  SourceId source;
  std::string url_query;  // as sent, without "?"
  std::string url_path;
  std::string content_type;  // of a body that is delivered as opaque bytes; empty: it is JSON
};

// What a delivery sends; immutable and shared by all deliveries of the event in memory.
struct EventContent {
  std::string event_type;
  std::shared_ptr<const std::string> body;
  std::string headers_json;  // object of custom headers, or empty
  std::string idempotency_key;
  std::string trace_parent;
  std::shared_ptr<const EventOrigin> origin = nullptr;  // none: a producer created it by the API
};

}  // namespace fairlead
