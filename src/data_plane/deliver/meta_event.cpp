#include "data_plane/deliver/meta_event.hpp"

#include <nlohmann/json.hpp>

#include "common/domain/json_scan.hpp"
#include "common/domain/peer_address.hpp"
#include "common/ops/version.hpp"
#include "common/store/attempts.hpp"

namespace fairlead::deliver {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

const char* status_name(DeliveryStatus status) {
  switch (status) {
    case DeliveryStatus::scheduled:
      return "Scheduled";
    case DeliveryStatus::retry:
      return "Retry";
    case DeliveryStatus::success:
      return "Success";
    case DeliveryStatus::failure:
      return "Failure";
    case DeliveryStatus::discarded:
      return "Discarded";
  }
  return "Discarded";
}

// One value a name: repeated headers are joined as RFC 9110 §5.3 allows.
Json headers_of(const store::HeaderList& list) {
  Json headers = Json::object();
  for (const auto& [name, value] : list) {
    auto& known = headers[name];
    known = known.is_string() ? known.get<std::string>() + ", " + value : value;
  }
  return headers;
}

Json custom_headers(const EventContent& content) {
  Json headers = Json::object();
  if (content.headers_json.empty()) return headers;
  const auto custom = Json::parse(content.headers_json, nullptr, false);
  if (!custom.is_object()) return headers;
  for (const auto& [name, value] : custom.items()) headers[name] = value.is_array() ? value : Json::array({value});
  return headers;
}

Json attempt_of(const SendJob& job, const store::DeliveryResult& result) {
  if (!result.attempt) return nullptr;
  const auto& made = *result.attempt;
  Json attempt{{"uid", to_text(store::attempt_id(job.row.delivery, result.attempts))},
               {"url", made.url},
               {"method", "POST"},
               {"endpoint_id", to_text(job.row.endpoint)},
               {"api_version", std::string("v") + kVersion},
               {"project_id", to_text(job.row.project)},
               {"msg_id", to_text(job.row.delivery)},
               {"ip_address", host_of_peer(made.address)},
               {"request_http_header", headers_of(made.request_headers)},
               {"response_http_header", headers_of(made.response_headers)},
               {"status", made.failure == "none"}};
  if (made.status != 0) attempt["http_status"] = std::to_string(made.status) + " " + made.reason_phrase;
  attempt["response_data"] = made.response_body;
  attempt["error"] = made.error;
  attempt["requested_at"] = to_rfc3339(made.requested_at);
  attempt["responded_at"] = made.responded_at ? Json(to_rfc3339(*made.responded_at)) : Json();
  attempt["created_at"] = attempt["updated_at"] = to_rfc3339(made.requested_at);
  attempt["deleted_at"] = nullptr;
  return attempt;
}

// A payload goes in as the bytes that it is: its numbers and its order survive. One that is no JSON is only in "raw".
std::string metadata_of(const SendJob& job, const store::DeliveryResult& result) {
  const Json rest{{"raw", *job.content->body},
                  {"strategy", job.policy.kind == RetryKind::linear ? "linear" : "exponential"},
                  {"next_send_time", result.next_due ? to_rfc3339(*result.next_due) : "0001-01-01T00:00:00Z"},
                  {"num_trials", result.attempts},
                  {"interval_seconds", job.policy.interval.count()},
                  {"retry_limit", job.policy.attempts_max},
                  {"max_retry_seconds", job.policy.interval_max.count()}};
  const bool is_json = validate_json(*job.content->body).has_value();
  return "{\"data\":" + (is_json ? *job.content->body : "null") + "," + dump(rest).substr(1);
}

std::string body_of(const char* type, const SendJob& job, const Sent& sent, TimePoint now) {
  const auto& row = job.row;
  const auto created_at = to_rfc3339(id_time(row.delivery.bytes));
  Json data{{"uid", to_text(row.delivery)},
            {"project_id", to_text(row.project)},
            {"event_id", to_text(row.event)},
            {"endpoint_id", to_text(row.endpoint)},
            {"device_id", ""},
            {"subscription_id", to_text(row.subscription)},
            {"headers", custom_headers(*job.content)},
            {"url_query_params", ""},
            {"idempotency_key", job.content->idempotency_key},
            {"latency_seconds", std::chrono::duration<double>(now - id_time(row.delivery.bytes)).count()},
            {"endpoint_metadata",
             {{"uid", to_text(row.endpoint)},
              {"project_id", to_text(row.project)},
              {"owner_id", job.endpoint->owner_id},
              {"url", job.endpoint->url}}},
            {"event_metadata", {{"uid", to_text(row.event)}, {"event_type", job.content->event_type}}},
            {"status", status_name(sent.result.status)},
            {"cli_metadata", nullptr},
            {"description", sent.result.reason},
            {"acknowledged_at", created_at},
            {"created_at", created_at},
            {"updated_at", to_rfc3339(now)},
            {"deleted_at", nullptr},
            {"attempt", attempt_of(job, sent.result)}};
  auto text = dump(data);
  text.pop_back();
  return std::string("{\"event_type\":\"") + type + "\",\"data\":" + text +
         ",\"metadata\":" + metadata_of(job, sent.result) + "}}";
}

}  // namespace

const char* meta_event_type(const MetaEventSettings& settings, DeliveryStatus status) {
  switch (status) {
    case DeliveryStatus::success:
      return settings.tells_success ? "eventdelivery.success" : nullptr;
    case DeliveryStatus::failure:
    case DeliveryStatus::discarded:
      return settings.tells_failure ? "eventdelivery.failed" : nullptr;
    case DeliveryStatus::retry:
      return settings.tells_update ? "eventdelivery.updated" : nullptr;
    default:
      return nullptr;
  }
}

std::shared_ptr<const store::NewMetaEvent> make_meta_event(const char* type, const SendJob& job, const Sent& sent,
                                                           TimePoint now, IdMaker& ids, const crypto::Sealer& sealer) {
  auto made = std::make_shared<store::NewMetaEvent>();
  made->project = job.row.project;
  made->id = store::MetaEventId{ids.next(now)};
  made->type = type;
  made->sealed = sealer.seal(body_of(type, job, sent, now), to_text(made->id));
  return made;
}

std::shared_ptr<const store::NewMetaEvent> tell_of_unsent(const match::ProjectPtr& project, match::EndpointPtr endpoint,
                                                          std::shared_ptr<const EventContent> content,
                                                          const store::DeliveryResult& result, TimePoint now,
                                                          IdMaker& ids, const crypto::Sealer& sealer) {
  const char* type = project ? meta_event_type(project->settings.meta_events, result.status) : nullptr;
  if (type == nullptr) return nullptr;
  if (!endpoint) endpoint = std::make_shared<const EndpointConfig>();
  if (!content) {
    auto gone = std::make_shared<EventContent>();
    gone->body = std::make_shared<const std::string>("null");
    content = std::move(gone);
  }
  const auto subscription = project->find_subscription(result.row.subscription);
  const SendJob job{.row = result.row,
                    .content = std::move(content),
                    .project = project,
                    .endpoint = std::move(endpoint),
                    .policy = subscription && subscription->retry ? *subscription->retry : project->settings.retry};
  return make_meta_event(type, job, {.result = result}, now, ids, sealer);
}

}  // namespace fairlead::deliver
