#include "data_plane/metrics.hpp"

#include <prometheus/text_serializer.h>

namespace fairlead {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Histogram;
using prometheus::Registry;

prometheus::Counter& counter(Registry& registry, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry).Add({});
}
prometheus::Gauge& gauge(Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}
Histogram& histogram(Registry& registry, const char* name, const char* help, Histogram::BucketBoundaries bounds) {
  return BuildHistogram().Name(name).Help(help).Register(registry).Add({}, std::move(bounds));
}
const Histogram::BucketBoundaries kSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

const char* name_of(DeliveryStatus status) {
  switch (status) {
    case DeliveryStatus::success:
      return "success";
    case DeliveryStatus::failure:
      return "failure";
    case DeliveryStatus::discarded:
      return "discarded";
    case DeliveryStatus::scheduled:
    case DeliveryStatus::retry:
      break;
  }
  return "unfinished";
}

}  // namespace

Metrics::Metrics() : Metrics(std::make_shared<Registry>()) {}

Metrics::Metrics(std::shared_ptr<Registry> r)
    : events_stored(counter(*r, "fairlead_events_stored_total", "Events committed by this node")),
      events_duplicate(counter(*r, "fairlead_events_duplicate_total", "Events answered from an idempotency key")),
      deliveries_created(counter(*r, "fairlead_deliveries_created_total", "Delivery rows committed by this node")),
      results_fenced(counter(*r, "fairlead_results_fenced_total", "Results that somebody else had recorded already")),
      batches_stale(
          counter(*r, "fairlead_ingest_batches_stale_total", "Batches matched again because configuration changed")),
      batches_bisected(
          counter(*r, "fairlead_ingest_batches_bisected_total", "Batches split because PostgreSQL refused one event")),
      leases_lost(counter(*r, "fairlead_leases_lost_total", "Times this node's lease ran out")),
      database_errors(counter(*r, "fairlead_database_errors_total", "Database calls that failed")),
      stage_errors(counter(*r, "fairlead_stage_errors_total", "Unexpected failures inside a stage loop")),
      ingest_seconds(
          histogram(*r, "fairlead_ingest_seconds", "From the request to its answer, stored events", kSeconds)),
      delivery_seconds(histogram(*r, "fairlead_delivery_seconds",
                                 "From the event's time to the endpoint's 2xx, first attempts", kSeconds)),
      batch_events(
          histogram(*r, "fairlead_ingest_batch_events", "Events a commit", {1, 2, 4, 8, 16, 32, 64, 128, 256})),
      deliveries_waiting(gauge(*r, "fairlead_deliveries_waiting", "Unfinished deliveries of this node's lanes")),
      deliveries_in_flight(gauge(*r, "fairlead_deliveries_in_flight", "Requests under way")),
      deliveries_in_hand(gauge(*r, "fairlead_deliveries_in_hand", "Queue rows in memory")),
      lanes_owned(gauge(*r, "fairlead_lanes_owned", "Lanes of this node")),
      results_unrecorded(gauge(*r, "fairlead_results_unrecorded", "Results not yet in the database")),
      ingest_queued(gauge(*r, "fairlead_ingest_queued", "Events waiting for their commit")),
      oldest_xmin_seconds(gauge(*r, "fairlead_oldest_transaction_seconds",
                                "Age of the oldest transaction: it keeps dead queue rows from being removed")),
      partition_days_ahead(
          gauge(*r, "fairlead_partition_days_ahead", "Days from today for which partitions exist (14 are made)")),
      clock_offset_seconds(gauge(*r, "fairlead_clock_offset_seconds", "The database's clock minus this node's")),
      log_lines_dropped(gauge(*r, "fairlead_log_lines_dropped", "Log lines dropped because the log could not keep up")),
      registry_(r) {
  auto& answers =
      BuildCounter().Name("fairlead_ingest_answers_total").Help("Answers to producers by status class").Register(*r);
  for (std::size_t status_class = 1; status_class < answers_.size(); ++status_class) {
    answers_[status_class] = &answers.Add({{"class", std::to_string(status_class) + "xx"}});
  }
  auto& finished = BuildCounter()
                       .Name("fairlead_deliveries_finished_total")
                       .Help("Deliveries that became final, by status")
                       .Register(*r);
  for (const auto status : {DeliveryStatus::success, DeliveryStatus::failure, DeliveryStatus::discarded}) {
    finished_[static_cast<std::size_t>(status)] = &finished.Add({{"status", name_of(status)}});
  }
  auto& attempts =
      BuildCounter().Name("fairlead_attempts_total").Help("HTTP requests to endpoints by failure class").Register(*r);
  for (auto failure = net::FailureClass::none;;
       failure = static_cast<net::FailureClass>(static_cast<int>(failure) + 1)) {
    attempts_[static_cast<std::size_t>(failure)] = &attempts.Add({{"failure", std::string(net::to_text(failure))}});
    if (failure == net::FailureClass::internal) break;
  }
}

prometheus::Counter& Metrics::ingest_answers(int status_class) {
  return *answers_.at(static_cast<std::size_t>(status_class));
}
prometheus::Counter& Metrics::finished(DeliveryStatus status) {
  return *finished_.at(static_cast<std::size_t>(status));
}
prometheus::Counter& Metrics::attempts(net::FailureClass failure) {
  return *attempts_.at(static_cast<std::size_t>(failure));
}

std::string Metrics::render() const { return prometheus::TextSerializer().Serialize(registry_->Collect()); }

}  // namespace fairlead
