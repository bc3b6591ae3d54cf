#include "control_plane/resources/job_input.hpp"

#include <algorithm>
#include <array>

#include "control_plane/http/pagination.hpp"
#include "control_plane/resources/delivery_json.hpp"
#include "control_plane/services/jobs.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kListMax = 100;
constexpr std::size_t kTextBytesMax = 255;

// Which filters each kind has.
struct KindRule {
  JobKind kind;
  std::vector<std::string_view> filters;
};
const KindRule& rule_of(JobKind kind) {
  static const std::array<KindRule, 4> rules{{
      {JobKind::replay_events, {"event_id", "endpoint_id", "source_id", "owner_id", "idempotency_key"}},
      {JobKind::retry_deliveries, {"event_id", "endpoint_id", "subscription_id", "event_type", "owner_id", "status"}},
      {JobKind::recover_failed, {"endpoint_id"}},
      {JobKind::send_missing, {"endpoint_id"}},
  }};
  return rules[static_cast<std::size_t>(kind)];
}

Result<JobKind> parse_kind(const JsonBody& body) {
  FL_TRY(const auto text, body.required_text("kind", kTextBytesMax));
  if (const auto kind = job_kind_from(text)) return *kind;
  return bad_field("kind", "invalid_kind",
                   "kind: expected replay_events, retry_deliveries, recover_failed or send_missing");
}

Result<void> check_filters(const JsonBody& body, JobKind kind) {
  for (const char* name : {"event_id", "endpoint_id", "source_id", "owner_id", "idempotency_key", "subscription_id",
                           "event_type", "status"}) {
    const auto* found = body.find(name);
    if (found == nullptr || found->is_null()) continue;
    const auto& known = rule_of(kind).filters;
    if (std::ranges::find(known, name) == known.end())
      return bad_field(name, "not_for_this_kind",
                       std::string(name) + ": a job of kind " + std::string(to_text(kind)) + " has no such filter");
  }
  return {};
}

template <class Tag>
Result<std::optional<Id<Tag>>> parse_id_field(const JsonBody& body, const char* name, const char* object) {
  FL_TRY(const auto text, body.text(name, kTextBytesMax));
  if (!text.has_value() || text.value.empty()) return std::nullopt;
  if (const auto id = parse_id<Tag>(text.value)) return std::optional(*id);
  return fail(Error{Code::not_found, std::string(object) + " not found", "", name});
}

Result<std::optional<TimePoint>> parse_time_field(const JsonBody& body, const char* name) {
  FL_TRY(const auto text, body.text(name, kTextBytesMax));
  if (!text.has_value() || text.value.empty()) return std::nullopt;
  const auto time = parse_time(text.value);
  if (!time) return bad_field(name, "invalid_time", std::string(name) + ": expected RFC 3339, 2026-01-31T12:00:00Z");
  return time;
}

Result<void> parse_range(JobFilter& filter, const JsonBody& body, JobKind kind, TimePoint now) {
  FL_TRY(const auto since, parse_time_field(body, "since"));
  FL_TRY(const auto until, parse_time_field(body, "until"));
  if (!since && (kind == JobKind::recover_failed || kind == JobKind::send_missing))
    return bad_field("since", "required", "since is required");
  FL_TRY(const auto usual, parse_dates(Query{}, now));
  filter.start = since.value_or(usual.start);
  filter.end = until.value_or(usual.end);
  if (filter.start > now) return bad_field("since", "invalid_range", "since lies in the future");
  if (filter.start >= filter.end) return bad_field("since", "invalid_range", "since lies after until");
  return {};
}

Result<void> parse_statuses(JobFilter& filter, const JsonBody& body) {
  FL_TRY(const auto names, body.texts("status", kListMax));
  for (const auto& name : names.value) {
    const auto status = delivery_status_from(name);
    if (status != DeliveryStatus::failure && status != DeliveryStatus::discarded)
      return bad_field("status", "invalid_status", "status: expected Failure or Discarded");
    if (std::ranges::find(filter.statuses, *status) == filter.statuses.end()) filter.statuses.push_back(*status);
  }
  if (filter.statuses.empty()) filter.statuses = {DeliveryStatus::failure, DeliveryStatus::discarded};
  return {};
}

}  // namespace

Result<JobInput> parse_job(const JsonBody& body, TimePoint now) {
  JobInput input;
  auto& job = input.job;
  auto& filter = job.filter;
  FL_TRY(job.kind, parse_kind(body));
  FL_TRY_VOID(check_filters(body, job.kind));
  FL_TRY(const auto endpoint, parse_id_field<EndpointTag>(body, "endpoint_id", "endpoint"));
  if (endpoint) filter.endpoints = {*endpoint};
  if (!endpoint && (job.kind == JobKind::recover_failed || job.kind == JobKind::send_missing))
    return bad_field("endpoint_id", "required", "endpoint_id is required");
  FL_TRY(filter.event, parse_id_field<EventTag>(body, "event_id", "event"));
  FL_TRY(filter.subscription, parse_id_field<SubscriptionTag>(body, "subscription_id", "subscription"));
  FL_TRY(const auto source, parse_id_field<SourceTag>(body, "source_id", "source"));
  if (source) filter.sources = {*source};
  FL_TRY(const auto event_type, body.text("event_type", kTextBytesMax));
  filter.event_type = event_type.value;
  FL_TRY(const auto owner, body.text("owner_id", kTextBytesMax));
  filter.owner_id = owner.value;
  FL_TRY(const auto key, body.text("idempotency_key", kTextBytesMax));
  filter.idempotency_key = key.value;
  if (!is_about_events(job.kind)) FL_TRY_VOID(parse_statuses(filter, body));
  FL_TRY_VOID(parse_range(filter, body, job.kind, now));
  FL_TRY(const auto rate, body.integer("rate", {1, job_rate_max}));
  job.rate = static_cast<int>(rate.value_or(job_rate_default));
  FL_TRY(const auto dry_run, body.boolean("dry_run"));
  input.is_dry_run = dry_run.value;
  job.created_at = now;
  PageQuery page;
  narrow_to(page, {filter.start, filter.end});
  bound_job(job, page, now);
  if (filter.event && job.kind == JobKind::replay_events) job.low = job.high = filter.event->bytes;
  return input;
}

void write_job(JsonWriter& json, const store::Job& job) {
  const auto& filter = job.filter;
  json.begin_object().field("uid", job.id).field("project_id", job.project).field("kind", to_text(job.kind));
  json.field("state", to_text(job.state)).key("filter").begin_object();
  json.field("since", filter.start).field("until", filter.end);
  if (!filter.endpoints.empty()) json.field("endpoint_ids", filter.endpoints);
  if (!filter.sources.empty()) json.field("source_ids", filter.sources);
  if (filter.event) json.field("event_id", *filter.event);
  if (filter.subscription) json.field("subscription_id", *filter.subscription);
  if (!filter.statuses.empty()) {
    json.key("status").begin_array();
    for (const auto status : filter.statuses) json.value(to_word(status));
    json.end_array();
  }
  json.text_or_absent("event_type", filter.event_type).text_or_absent("owner_id", filter.owner_id);
  json.text_or_absent("idempotency_key", filter.idempotency_key).end_object();
  json.field("rate", job.rate).field("total", job.total).field("done", job.counts.done);
  json.field("succeeded", job.counts.succeeded).field("failed", job.counts.failed);
  json.field("skipped", job.counts.skipped).field("deliveries", job.counts.deliveries);
  json.field("error", job.error).field("created_at", job.created_at).field("updated_at", job.updated_at);
  json.field("finished_at", job.finished_at).end_object();
}

}  // namespace fairlead::control
