#include "control_plane/resources/jobs.hpp"

#include "common/store/endpoints.hpp"
#include "common/store/job_selection.hpp"
#include "common/store/sources.hpp"
#include "common/store/subscriptions.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/resources/events.hpp"
#include "control_plane/resources/job_input.hpp"
#include "control_plane/services/jobs.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

Response job_response(net::http::status status, std::string_view message, const store::Job& job) {
  JsonWriter json;
  write_job(json, job);
  return net::success(status, message, json.take());
}

template <class T>
Result<void> name_field(const Result<T>& found, const char* field) {
  if (found) return {};
  auto error = found.error();
  error.field = field;
  return std::unexpected(std::move(error));
}

// What the filter names must be the project's.
Result<void> check_references(Tx& tx, const ProjectId& project, const JobFilter& filter) {
  for (const auto& id : filter.endpoints) FL_TRY_VOID(name_field(store::get_endpoint(tx, project, id), "endpoint_id"));
  for (const auto& id : filter.sources) FL_TRY_VOID(name_field(store::get_source(tx, project, id), "source_id"));
  if (filter.event) FL_TRY_VOID(name_field(store::get_event(tx, project, *filter.event), "event_id"));
  if (filter.subscription)
    FL_TRY_VOID(name_field(store::get_subscription(tx, project, *filter.subscription), "subscription_id"));
  return {};
}

// The query's events, as a job over them; searching is not for jobs.
Result<std::pair<store::Job, bool>> parse_replay(Context& context, const Request& request) {
  for (const char* name : {"query", "body"}) {
    if (request.query.first(name))
      return bad_field(name, "unsupported",
                       std::string(name) + ": events that are searched cannot be replayed in bulk");
  }
  FL_TRY(const auto list, parse_event_list(request));
  const auto now = wall_now();
  store::Job job{.project = request.project(), .id = context.ids.next<JobTag>(), .kind = JobKind::replay_events};
  job.filter = {.start = list.filter.start,
                .end = list.filter.end,
                .endpoints = list.filter.endpoints,
                .sources = list.filter.sources,
                .owner_id = request.caller.portal ? request.caller.owner_id() : list.filter.owner_id,
                .idempotency_key = list.filter.idempotency_key,
                .scope_owner = request.caller.owner_id()};
  job.created_at = now;
  bound_job(job, list.page, now);
  return std::pair{std::move(job), list.is_empty};
}

Task<Result<store::Job>> preview_replay(Context& context, RequestPtr request) {
  FL_CO_TRY(auto parsed, parse_replay(context, *request));
  auto& [job, is_empty] = parsed;
  job.total = 0;
  if (!is_empty) {
    FL_CO_TRY(job.total, co_await context.lists.run(TxKind::snapshot, &store::count_job_objects, job));
  }
  co_return std::move(job);
}

}  // namespace

Task<Result<Response>> list_jobs(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto query, parse_page(request->query, true));
  const auto read = [query, project = request->project()](Tx& tx) {
    return read_page<store::Job>(query,
                                 [&](const store::Keyset& slice) { return store::list_jobs(tx, project, slice); });
  };
  FL_CO_TRY(const auto page, co_await context.db.run(TxKind::snapshot, read));
  co_return net::success(net::http::status::ok, "Jobs", page_json(page, &write_job));
}

// POST …/jobs: 201 with the job, or with dry_run 200 with how much it would be about. A count that takes too long is
// left out of the job, and is an error of the dry run.
Task<Result<Response>> create_job(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto body, JsonBody::parse(request->http->body));
  FL_CO_TRY(auto input, parse_job(body, wall_now()));
  auto& job = input.job;
  job.project = request->project();
  const auto check = [job](Tx& tx) -> Result<bool> {
    FL_TRY_VOID(check_references(tx, job.project, job.filter));
    return true;
  };
  FL_CO_TRY([[maybe_unused]] const bool is_known, co_await context.db.run(TxKind::snapshot, check));
  const auto counted = co_await context.lists.run(TxKind::snapshot, &store::count_job_objects, job);
  if (counted)
    job.total = *counted;
  else if (counted.error().reason != "database_busy" || input.is_dry_run)
    co_return std::unexpected(counted.error());
  if (input.is_dry_run) {
    JsonWriter json;
    json.begin_object().field("kind", to_text(job.kind)).field("total", job.total).end_object();
    co_return net::success(net::http::status::ok, "Nothing was started", json.take());
  }
  job.id = context.ids.next<JobTag>();
  FL_CO_TRY(const auto made, co_await start_job(context, job));
  co_return job_response(net::http::status::created, "Job started", made);
}

Task<Result<Response>> show_job(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto id, request->id<JobTag>("job", "job"));
  FL_CO_TRY(const auto job, co_await context.db.run(TxKind::autocommit, &store::get_job, request->project(), id));
  co_return job_response(net::http::status::ok, "Job", job);
}

// POST …/jobs/{job}/cancel: nothing of it is begun after the answer; what it made stays.
Task<Result<Response>> cancel_job(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto id, request->id<JobTag>("job", "job"));
  const auto work = [project = request->project(), id](Tx& tx) -> Result<store::Job> {
    FL_TRY(const bool was_open, store::cancel_job(tx, project, id, wall_now()));
    FL_TRY(auto job, store::get_job(tx, project, id));
    if (!was_open && job.state != JobState::cancelled)
      return fail(Error{Code::invalid, "the job has ended: " + std::string(to_text(job.state)), "job_ended"});
    return job;
  };
  FL_CO_TRY(const auto job, co_await context.db.run(TxKind::read_write, work));
  co_return job_response(net::http::status::ok, "Job cancelled", job);
}

// PUT …/events/{event}/replay: a job over one event; the answer is the event.
Task<Result<Response>> replay_event(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto id, request->id<EventTag>("event", "event"));
  const auto read = [request, id](Tx& tx) { return get_reached_event(tx, *request, id); };
  FL_CO_TRY(const auto event, co_await context.db.run(TxKind::snapshot, read));
  store::Job job{.project = request->project(), .id = context.ids.next<JobTag>(), .kind = JobKind::replay_events};
  job.filter = {.start = event.received_at,
                .end = event.received_at + std::chrono::microseconds(1),
                .event = id,
                .scope_owner = request->caller.owner_id()};
  job.low = job.high = id.bytes;
  job.total = 1;
  job.created_at = wall_now();
  FL_CO_TRY([[maybe_unused]] const auto made, co_await start_job(context, job, open_replays_max));
  JsonWriter json;
  write_event(json, event, content_view(request->caller));
  co_return net::success(net::http::status::ok, "Event is being replayed", json.take());
}

// POST …/events/batchreplay: a job over the list's filters. "n successful": events that the job took on.
Task<Result<Response>> replay_batch(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto job, co_await preview_replay(context, request));
  if (*job.total > 0) {
    FL_CO_TRY([[maybe_unused]] const auto made, co_await start_job(context, job));
  }
  co_return net::success(net::http::status::ok, std::to_string(*job.total) + " successful, 0 failed", "null");
}

Task<Result<Response>> count_replay_batch(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto job, co_await preview_replay(context, request));
  JsonWriter json;
  json.begin_object().field("num", *job.total).end_object();
  co_return net::success(net::http::status::ok, "Events that a replay takes on", json.take());
}

}  // namespace fairlead::control
