// The data plane's counters, in Prometheus' words. Labels are closed sets, never ids or URLs.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <memory>
#include <string>

#include "common/domain/delivery.hpp"
#include "common/net/http_client.hpp"

namespace fairlead {

// Conservation law: deliveries_created = deliveries_finished (all statuses) + deliveries_waiting, summed over the
// nodes, when nothing is in motion and no counter was reset by a restart.
class Metrics {
 public:
  Metrics();

  prometheus::Counter& ingest_answers(int status_class);  // 2, 4, 5
  prometheus::Counter& events_stored;
  prometheus::Counter& events_duplicate;
  prometheus::Counter& deliveries_created;
  prometheus::Counter& finished(DeliveryStatus status);
  prometheus::Counter& attempts(net::FailureClass failure);
  prometheus::Counter& results_fenced;
  prometheus::Counter& batches_stale;
  prometheus::Counter& batches_bisected;
  prometheus::Counter& leases_lost;
  prometheus::Counter& database_errors;
  prometheus::Counter& stage_errors;
  prometheus::Histogram& ingest_seconds;
  prometheus::Histogram& delivery_seconds;  // from the event's time to the endpoint's 2xx, first attempts
  prometheus::Histogram& batch_events;
  prometheus::Gauge& deliveries_waiting;
  prometheus::Gauge& deliveries_in_flight;
  prometheus::Gauge& deliveries_in_hand;
  prometheus::Gauge& lanes_owned;
  prometheus::Gauge& results_unrecorded;
  prometheus::Gauge& ingest_queued;
  prometheus::Gauge& oldest_xmin_seconds;
  prometheus::Gauge& partition_days_ahead;
  prometheus::Gauge& clock_offset_seconds;
  prometheus::Gauge& log_lines_dropped;

  // The exposition text.
  [[nodiscard]] std::string render() const;

 private:
  explicit Metrics(std::shared_ptr<prometheus::Registry> registry);
  std::shared_ptr<prometheus::Registry> registry_;
  // By status class, delivery status and failure class: looked up once, counted often.
  std::array<prometheus::Counter*, 6> answers_{};
  std::array<prometheus::Counter*, 5> finished_{};
  std::array<prometheus::Counter*, static_cast<std::size_t>(net::FailureClass::internal) + 1> attempts_{};
};

}  // namespace fairlead
