#include "control_plane/resources/delivery_json.hpp"

#include <array>

#include "control_plane/resources/payload_json.hpp"
#include "control_plane/services/endpoint_json.hpp"
#include "control_plane/services/source_json.hpp"

namespace fairlead::control {
namespace {

constexpr std::array<std::string_view, 5> kStatuses = {"Scheduled", "Retry", "Success", "Failure", "Discarded"};
constexpr const char* kNoTime = "0001-01-01T00:00:00Z";
constexpr int kRetrySecondsMax = 7200;

bool is_open(DeliveryStatus status) { return status == DeliveryStatus::scheduled || status == DeliveryStatus::retry; }

std::string_view status_of(const store::StoredDelivery& delivery) {
  return delivery.is_begun ? "Processing" : kStatuses[static_cast<std::size_t>(delivery.status)];
}

// Why it is as it is: the recorded reason, or what holds an unfinished one back.
std::string_view description_of(const store::StoredDelivery& delivery) {
  if (!delivery.reason.empty() || !is_open(delivery.status)) return delivery.reason;
  return delivery.endpoint_brief.status == "paused" ? "endpoint is paused" : "";
}

// From acceptance to the last result; 0 while there is none.
double latency_of(const store::StoredDelivery& delivery) {
  if (delivery.status != DeliveryStatus::success && delivery.status != DeliveryStatus::failure) return 0;
  return std::chrono::duration<double>(delivery.updated_at - delivery.created_at).count();
}

void write_metadata(JsonWriter& json, const store::StoredDelivery& delivery, const ProjectConfig::Strategy& strategy,
                    const ContentView& view) {
  json.key("metadata").begin_object();
  write_payload(json, delivery.body, true, view);
  json.field("strategy", delivery.retry ? delivery.retry->type : strategy.type);
  delivery.next_at ? json.field("next_send_time", *delivery.next_at) : json.field("next_send_time", kNoTime);
  json.field("num_trials", delivery.attempts);
  json.field("interval_seconds", delivery.retry ? delivery.retry->interval_seconds : strategy.seconds);
  json.field("retry_limit", delivery.retry ? delivery.retry->retry_count : strategy.retry_count);
  json.field("max_retry_seconds", kRetrySecondsMax).end_object();
}

void write_event_brief(JsonWriter& json, const store::StoredDelivery& delivery) {
  json.key("event_metadata").begin_object().field("uid", delivery.event).field("event_type", delivery.event_type);
  json.field("endpoints", nullptr).field("headers", nullptr).field("url_query_params", "").field("url_path", "");
  json.field("idempotency_key", "").field("is_duplicate_event", false).field("acknowledged_at", nullptr);
  delivery.event_received_at ? json.field("created_at", *delivery.event_received_at)
                             : json.field("created_at", kNoTime);
  json.field("updated_at", kNoTime).field("deleted_at", nullptr).end_object();
}

void write_no_device(JsonWriter& json) {
  json.key("device_metadata").begin_object();
  for (const char* text : {"uid", "project_id", "endpoint_id", "status"}) json.field(text, "");
  for (const char* time : {"last_seen_at", "created_at", "updated_at"}) json.field(time, kNoTime);
  json.field("deleted_at", nullptr).end_object();
}

}  // namespace

std::optional<DeliveryStatus> delivery_status_from(std::string_view name) {
  for (std::size_t index = 0; index < kStatuses.size(); ++index) {
    if (kStatuses[index] == name) return static_cast<DeliveryStatus>(index);
  }
  return std::nullopt;
}

std::string_view to_word(DeliveryStatus status) { return kStatuses[static_cast<std::size_t>(status)]; }

void write_delivery(JsonWriter& json, const store::StoredDelivery& delivery, const ProjectConfig::Strategy& strategy,
                    const ContentView& view) {
  json.begin_object().field("uid", delivery.id).field("project_id", delivery.project).field("event_id", delivery.event);
  json.field("endpoint_id", delivery.endpoint).field("device_id", "").field("subscription_id", delivery.subscription);
  write_custom_headers(json, delivery.headers_json, view);
  json.field("url_query_params", view.is_customer ? "" : delivery.url_query)
      .field("idempotency_key", delivery.idempotency_key)
      .field("latency", "");
  json.field("latency_seconds", latency_of(delivery)).text_or_absent("event_type", delivery.event_type);
  json.field("delivery_mode", delivery.delivery_mode).key("endpoint_metadata");
  write_endpoint_brief(json, delivery.endpoint_brief);
  write_event_brief(json, delivery);
  write_source_brief(json, "source_metadata", view.is_customer ? std::nullopt : delivery.source);
  write_no_device(json);
  json.field("status", status_of(delivery));
  write_metadata(json, delivery, strategy, view);
  json.field("cli_metadata", nullptr).text_or_absent("description", description_of(delivery));
  json.field("acknowledged_at", delivery.created_at)
      .field("created_at", delivery.created_at)
      .field("updated_at", delivery.updated_at);
  json.field("deleted_at", nullptr).end_object();
}

}  // namespace fairlead::control
