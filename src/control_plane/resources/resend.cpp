#include "control_plane/resources/resend.hpp"

#include "common/store/job_selection.hpp"
#include "common/store/projects.hpp"
#include "common/store/resend.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/json_body.hpp"
#include "control_plane/resources/deliveries.hpp"
#include "control_plane/resources/delivery_json.hpp"
#include "control_plane/services/jobs.hpp"

namespace fairlead::control {
namespace {

using store::Obstacle;
using store::Tx;
using store::TxKind;

constexpr std::size_t kForcedMax = 1000;
const std::vector<DeliveryStatus> kUnsuccessful{DeliveryStatus::failure, DeliveryStatus::discarded};

Error refusal(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::endpoint_deleted:
      return {Code::invalid, "the endpoint was deleted", "endpoint_deleted"};
    case Obstacle::endpoint_paused:
      return {Code::invalid, "the endpoint is paused", "endpoint_paused"};
    case Obstacle::endpoint_inactive:
      return {Code::invalid, "the endpoint is disabled", "endpoint_inactive"};
    case Obstacle::event_gone:
      return {Code::invalid, "the event is no longer stored", "event_gone"};
    case Obstacle::attempts_spent:
      return {Code::invalid, "the delivery has as many attempts as one can have", "attempts_spent"};
    case Obstacle::none:
      break;
  }
  return {Code::internal, "nothing speaks against it"};
}

Error refusal(DeliveryStatus status) {
  if (status == DeliveryStatus::success)
    return {Code::invalid, "the delivery succeeded; forceresend sends such ones again", "delivery_succeeded"};
  return {Code::invalid, "the delivery is not finished: it is sent without this", "delivery_unfinished"};
}

struct Resent {
  std::string json;
  std::vector<store::EndpointDue> due;
};

Result<Resent> resend_one(Tx& tx, const Request& request, const DeliveryId& id) {
  const auto project_id = request.project();
  FL_TRY(const auto seen, store::look_before_resend(tx, project_id, {id}));
  if (seen.empty() || !request.caller.reaches_owner(seen.front().owner_id))
    return fail(Code::not_found, "event delivery not found");
  const auto& delivery = seen.front();
  if (std::ranges::find(kUnsuccessful, delivery.status) == kUnsuccessful.end()) return fail(refusal(delivery.status));
  if (delivery.obstacle != Obstacle::none) return fail(refusal(delivery.obstacle));
  Resent resent;
  FL_TRY(resent.due, store::send_again(tx, project_id, {id}, kUnsuccessful));
  if (resent.due.empty()) return fail(refusal(DeliveryStatus::scheduled));  // somebody else did at the same time
  FL_TRY(const auto stored, store::get_delivery(tx, project_id, id));
  FL_TRY(const auto project, store::get_project(tx, project_id));
  JsonWriter json;
  write_delivery(json, stored, ProjectConfig::from_stored(project.config).strategy(), content_view(request.caller));
  resent.json = json.take();
  return resent;
}

Result<std::vector<DeliveryId>> parse_ids(const Request& request) {
  FL_TRY(const auto body, JsonBody::parse(request.http->body));
  FL_TRY(const auto ids, body.texts("ids", kForcedMax));
  FL_TRY(const auto texts, required(body, "ids", ids));
  if (texts.empty()) return bad_field("ids", "required", "ids: expected at least one delivery");
  std::vector<DeliveryId> deliveries;
  for (const auto& text : texts) {
    const auto id = parse_id<DeliveryTag>(text);
    if (id && std::ranges::find(deliveries, *id) == deliveries.end()) deliveries.push_back(*id);
  }
  return deliveries;
}

struct Forced {
  std::size_t failed = 0;
  std::vector<store::EndpointDue> due;
};

// All that are found must have succeeded, or nothing is sent.
Result<Forced> force(Tx& tx, const Request& request, const std::vector<DeliveryId>& ids) {
  FL_TRY(auto seen, store::look_before_resend(tx, request.project(), ids));
  std::erase_if(seen, [&](const auto& each) { return !request.caller.reaches_owner(each.owner_id); });
  std::vector<DeliveryId> ready;
  for (const auto& each : seen) {
    if (each.status != DeliveryStatus::success) {
      return fail(Error{Code::invalid, "delivery " + to_text(each.id) + " did not succeed: resend it instead",
                        "delivery_not_succeeded", "ids"});
    }
    if (each.obstacle == Obstacle::none) ready.push_back(each.id);
  }
  Forced forced;
  if (!ready.empty()) {
    FL_TRY(forced.due, store::send_again(tx, request.project(), ready, {DeliveryStatus::success}));
  }
  forced.failed = seen.size() - forced.due.size();
  return forced;
}

// The list's filters, of deliveries that can be retried.
Result<DeliveryList> parse_retry(const Request& request) {
  FL_TRY(auto list, parse_delivery_list(request));
  const bool asks_for_some = !list.filter.statuses.empty();
  if (!asks_for_some) list.filter.statuses = kUnsuccessful;
  std::erase_if(list.filter.statuses,
                [](auto status) { return std::ranges::find(kUnsuccessful, status) == kUnsuccessful.end(); });
  if (list.filter.statuses.empty()) {
    return bad_field("status", "invalid_status", "status: only Failure and Discarded deliveries can be retried");
  }
  return list;
}

store::Job retry_job(Context& context, const Request& request, const DeliveryList& list) {
  const auto now = wall_now();
  store::Job job{.project = request.project(), .id = context.ids.next<JobTag>(), .kind = JobKind::retry_deliveries};
  job.filter = {.start = list.filter.start,
                .end = list.filter.end,
                .endpoints = list.filter.endpoints,
                .event = list.filter.event,
                .subscription = list.filter.subscription,
                .statuses = list.filter.statuses,
                .event_type = list.filter.event_type,
                .owner_id = request.caller.owner_id()};
  job.created_at = now;
  bound_job(job, list.page, now);
  return job;
}

// How many the job would send again; `list` gets what its idempotency key stands for.
Task<Result<std::pair<store::Job, std::int64_t>>> preview_retry(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto parsed, parse_retry(*request));
  const auto count = [&context, request, parsed](Tx& tx) -> Result<std::pair<store::Job, std::int64_t>> {
    auto list = parsed;
    FL_TRY_VOID(resolve_key(tx, list));
    auto job = retry_job(context, *request, list);
    std::int64_t total = 0;
    if (!list.is_empty) {
      FL_TRY(total, store::count_job_objects(tx, job));
    }
    job.total = total;
    return std::pair{std::move(job), total};
  };
  co_return co_await context.lists.run(TxKind::snapshot, count);
}

// Starts the job, if there is anything to do; gives how many it is about.
Task<Result<std::int64_t>> start_retry(Context& context, RequestPtr request) {
  FL_CO_TRY(auto preview, co_await preview_retry(context, request));
  if (preview.second > 0) {
    FL_CO_TRY([[maybe_unused]] const auto job, co_await start_job(context, std::move(preview.first)));
  }
  co_return preview.second;
}

std::string retry_text(std::int64_t count) { return std::to_string(count) + " event deliveries are being retried"; }

std::string count_json(std::int64_t count) {
  JsonWriter json;
  json.begin_object().field("num", count).end_object();
  return json.take();
}

}  // namespace

// PUT …/eventdeliveries/{delivery}/resend: a Failure or Discarded one, at once and with a fresh retry budget.
Task<Result<Response>> resend_delivery(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto id, request->id<DeliveryTag>("delivery", "event delivery"));
  const auto work = [request, id](Tx& tx) { return resend_one(tx, *request, id); };
  FL_CO_TRY(const auto resent, co_await context.db.run(TxKind::read_write, work));
  co_await send_hints(context, resent.due);
  co_return net::success(net::http::status::ok, "Event delivery scheduled", resent.json);
}

// POST …/eventdeliveries/forceresend: successful ones once more.
Task<Result<Response>> force_resend(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto ids, parse_ids(*request));
  const auto work = [request, ids](Tx& tx) { return force(tx, *request, ids); };
  FL_CO_TRY(const auto forced, co_await context.db.run(TxKind::read_write, work));
  co_await send_hints(context, forced.due);
  co_return net::success(
      net::http::status::ok,
      std::to_string(forced.due.size()) + " successful, " + std::to_string(forced.failed) + " failed", "null");
}

// POST …/eventdeliveries/batchretry: a job over the list's filters.
Task<Result<Response>> retry_batch(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto count, co_await start_retry(context, request));
  co_return net::success(net::http::status::ok, retry_text(count), "null");
}

// PUT …/eventdeliveries/batchretry: the Go client's way, which reads an object from the answer and ends at null.
Task<Result<Response>> retry_batch_by_put(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto count, co_await start_retry(context, request));
  co_return net::success(net::http::status::ok, retry_text(count), count_json(count));
}

Task<Result<Response>> count_retry_batch(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto preview, co_await preview_retry(context, request));
  co_return net::success(net::http::status::ok, "Event deliveries that can be retried", count_json(preview.second));
}

// GET …/eventdeliveries/statustotals: how many of the list's deliveries there are of each status.
Task<Result<Response>> total_statuses(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto parsed, parse_delivery_list(*request));
  const auto count = [parsed](Tx& tx) -> Result<std::map<DeliveryStatus, std::int64_t>> {
    auto list = parsed;
    FL_TRY_VOID(resolve_key(tx, list));
    if (list.is_empty) return std::map<DeliveryStatus, std::int64_t>{};
    return store::count_by_status(tx, list.filter, {list.page.low, list.page.high});
  };
  FL_CO_TRY(const auto totals, co_await context.lists.run(TxKind::snapshot, count));
  JsonWriter json;
  json.begin_object().key("totals").begin_object();
  for (const auto& [status, number] : totals) json.field(to_word(status), number);
  json.end_object().field("source", "deliveries").end_object();
  co_return net::success(net::http::status::ok, "Event deliveries by status", json.take());
}

}  // namespace fairlead::control
