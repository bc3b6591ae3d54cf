#include "data_plane/ingest/route.hpp"

#include <boost/asio/use_awaitable.hpp>

#include "common/net/problem.hpp"
#include "common/ops/version.hpp"
#include "common/store/config_snapshot.hpp"

namespace fairlead::ingest {
namespace {

namespace http = net::http;

struct Place {
  std::string_view project;
  std::optional<EventKind> kind;  // none: a batch
};

// /api/v1/projects/{project}/events[/fanout|/broadcast|/dynamic|/batch], one trailing slash tolerated on the
// collection.
std::optional<Place> find_place(std::string_view path) {
  constexpr std::string_view kPrefix = "/api/v1/projects/";
  if (!path.starts_with(kPrefix)) return std::nullopt;
  path.remove_prefix(kPrefix.size());
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto rest = path.substr(slash);
  Place place{path.substr(0, slash), std::nullopt};
  if (rest == "/events" || rest == "/events/")
    place.kind = EventKind::endpoint;
  else if (rest == "/events/fanout")
    place.kind = EventKind::fanout;
  else if (rest == "/events/broadcast")
    place.kind = EventKind::broadcast;
  else if (rest == "/events/dynamic")
    place.kind = EventKind::dynamic;
  else if (rest != "/events/batch")
    return std::nullopt;
  return place;
}

bool is_json(std::optional<std::string_view> content_type) {
  return !content_type || content_type->empty() || content_type->starts_with("application/json");
}

Error not_ready() { return {Code::unavailable, "this node is not ready to accept events", "not_ready"}; }

net::HttpResponse created(const StoredEvent& stored) {
  std::string data;
  data.reserve(64);
  data.append(R"({"uid":")").append(to_text(stored.id)).append(R"(","is_duplicate_event":)");
  data += stored.is_duplicate ? "true}" : "false}";
  return net::success(http::status::created, stored.is_duplicate ? "Event was accepted before" : "Event accepted",
                      data);
}

}  // namespace

Task<net::HttpResponse> Route::handle(std::shared_ptr<const net::HttpRequest> request) {
  net::HttpResponse response;
  const auto place = find_place(request->path);
  if (place) {
    if (request->method != http::verb::post) {
      response =
          net::http_problem(http::status::method_not_allowed, "method_not_allowed",
                            "events are created by POST; they are read at the control plane", request->request_id);
      response.headers.emplace_back("Allow", "POST");
    } else if (!is_json(request->header("Content-Type"))) {
      response = net::http_problem(http::status::unsupported_media_type, "unsupported_media_type",
                                   "expected Content-Type: application/json", request->request_id);
    } else if (request->header("Content-Encoding").value_or("identity") != "identity") {
      response = net::http_problem(http::status::unsupported_media_type, "unsupported_content_encoding",
                                   "no content coding is accepted", request->request_id);
    } else if (const auto project = parse_id<ProjectTag>(place->project); project) {
      response = place->kind ? co_await create_event(request, *project, *place->kind)
                             : co_await create_batch(request, *project);
    } else {
      const auto key = read_authorization(request->header("Authorization"));
      response =
          net::problem(key ? Error{Code::not_found, "there is no project " + std::string(place->project)} : key.error(),
                       request->request_id);
    }
    wiring_.metrics.ingest_answers(static_cast<int>(response.status) / 100).Increment();
  } else if (is_source_path(request->path)) {
    response = co_await sources_.handle(request);
    wiring_.metrics.ingest_answers(static_cast<int>(response.status) / 100).Increment();
  } else if (request->path == "/healthz") {
    response = net::success(http::status::ok, std::string("Fairlead ") + kVersion, "null");
  } else {
    response = net::http_problem(http::status::not_found, "no_such_route", "there is nothing at this path",
                                 request->request_id);
  }
  response.headers.emplace_back("X-Convoy-Version", kApiVersion);
  co_return response;
}

Task<net::HttpResponse> Route::create_event(std::shared_ptr<const net::HttpRequest> request, ProjectId project,
                                            EventKind kind) {
  const auto begin = Steady::now();
  auto entrance = enter(*request, project);
  if (!entrance) entrance = co_await enter_again(request, project);
  if (!entrance) co_return net::problem(entrance.error(), request->request_id);
  const auto& view = *entrance->project;
  const auto now = wiring_.clock();
  if (const auto refusal = admission_.take(view, now)) co_return refusal->answer(now, request->request_id);
  const RequestHeaders headers{.idempotency_key = request->header("Idempotency-Key").value_or(""),
                               .trace_parent = request->header("traceparent").value_or(""),
                               .hops = request->header(hops_header).value_or("")};
  auto parsed = parse_event_request(kind, request->body, headers);
  if (!parsed) co_return net::problem(parsed.error(), request->request_id);
  if (parsed->content->body->size() > wiring_.payload_bytes_max) {
    co_return net::problem(payload_too_large(wiring_.payload_bytes_max), request->request_id);
  }
  auto submission = std::make_shared<Submission>(Submission{.key = entrance->key,
                                                            .project = project,
                                                            .kind = kind,
                                                            .request = std::move(*parsed),
                                                            .view = {},
                                                            .matches = {}});
  const auto stored = co_await accept(submission);
  if (!stored) co_return net::problem(stored.error(), request->request_id);
  wiring_.metrics.ingest_seconds.Observe(std::chrono::duration<double>(Steady::now() - begin).count());
  co_return created(*stored);
}

// First who, then what: who may not write here learns nothing of what is wrong with the body.
Result<Route::Entrance> Route::enter(const net::HttpRequest& request, const ProjectId& project) {
  FL_TRY(const KeyHash key, read_authorization(request.header("Authorization")));
  if (!wiring_.is_ready()) return fail(not_ready());
  FL_TRY(auto view, authorize(key, project, *wiring_.refresher.current(), wiring_.clock()));
  return Entrance{key, std::move(view)};
}

// What the snapshot at hand refuses may have been configured a moment ago, so a refusal is checked once more on the
// newest.
Task<Result<Route::Entrance>> Route::enter_again(std::shared_ptr<const net::HttpRequest> request, ProjectId project) {
  FL_CO_TRY_VOID(read_authorization(request->header("Authorization")));
  if (!wiring_.is_ready()) co_return fail(not_ready());
  FL_CO_TRY_VOID(co_await wiring_.refresher.refresh());
  co_return enter(*request, project);
}

Result<void> Route::judge_current(Submission& submission) {
  return judge(submission, *wiring_.refresher.current(), wiring_.clock());
}

Task<Result<StoredEvent>> Route::accept(std::shared_ptr<Submission> submission) {
  return submission->request.dynamic ? accept_dynamic(std::move(submission)) : accept_addressed(std::move(submission));
}

Task<Result<StoredEvent>> Route::accept_dynamic(std::shared_ptr<Submission> submission) {
  constexpr int kRounds = 3;  // the endpoint may be deleted after it was found: the next round makes another
  for (int round = 1;; ++round) {
    FL_CO_TRY(submission->request.target.endpoint,
              co_await dynamic_.resolve(submission->project, submission->request.dynamic));
    auto stored = co_await accept_addressed(submission);
    const bool is_gone = !stored && stored.error().code == Code::not_found && stored.error().field == "endpoint_id";
    if (!is_gone || round == kRounds) co_return stored;
  }
}

Task<Result<StoredEvent>> Route::accept_addressed(std::shared_ptr<Submission> submission) {
  if (!judge_current(*submission)) {
    FL_CO_TRY_VOID(co_await wiring_.refresher.refresh());
    FL_CO_TRY_VOID(judge_current(*submission));
  }
  if (needs_catch_all(*submission)) {
    thread_local IdMaker ids;
    const SubscriptionId subscription{ids.next(wiring_.clock())};
    FL_CO_TRY(const bool is_there,
              co_await wiring_.db.run(store::TxKind::autocommit, &store::ensure_catch_all, submission->project,
                                      *submission->request.target.endpoint, subscription));
    static_cast<void>(is_there);  // an endpoint that is gone is told by the judgement
    FL_CO_TRY_VOID(co_await wiring_.refresher.refresh());
    FL_CO_TRY_VOID(judge_current(*submission));
  }
  co_return co_await wiring_.batcher.submit(std::move(submission));
}

}  // namespace fairlead::ingest
