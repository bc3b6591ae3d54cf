#include "data_plane/upkeep/jobs.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "common/store/ingest.hpp"
#include "common/store/job_selection.hpp"
#include "common/store/resend.hpp"
#include "data_plane/match/matching.hpp"

namespace fairlead::upkeep {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kChunk = 500;  // objects, and deliveries
constexpr store::JobChunk kBounds{.window = 2000, .objects_max = kChunk, .bytes_max = 4 * 1024 * 1024};
constexpr std::chrono::hours kKept{30 * 24};  // how long an ended job is shown
constexpr std::chrono::minutes kPurgePeriod{10};
constexpr std::chrono::seconds kLookPeriod{1};
constexpr std::chrono::milliseconds kMatchingMax{100};  // of a chunk, one event at least

// As the event would be matched if it came now, at most `matches_max`; for send_missing only what its endpoint gets.
match::MatchResult matches_of(const store::Job& job, const match::ProjectView& project,
                              const store::ScannedEvent& event, const match::MatchRequest& request) {
  const auto& scope = job.filter.scope_owner;
  match::MatchResult result;
  if (job.kind != JobKind::send_missing || event.source) {
    result = match::match_event(project, request);
  } else {
    // A broadcast gives an endpoint what its lowest subscription selects.
    const bool is_broadcast = !event.endpoint && event.owner_id.empty();
    const match::Target one{.endpoint = job.filter.endpoints.front(), .owner_id = ""};
    result = match::match_event(project, {.target = one,
                                          .content = request.content,
                                          .after = request.after,
                                          .matches_max = is_broadcast ? 1 : request.matches_max,
                                          .steps_max = request.steps_max,
                                          .has_progress = true});
    if (is_broadcast && !result.matches.empty()) result.next.reset();
  }
  std::erase_if(result.matches, [&](const auto& match) {
    return (!scope.empty() && match.endpoint->owner_id != scope) ||
           (job.kind == JobKind::send_missing && match.endpoint->id != job.filter.endpoints.front());
  });
  return result;
}

// What an events job is about to insert.
struct Plan {
  std::vector<store::ReplayedDelivery> deliveries;
  std::vector<EventId> first_matched;
  store::JobStep step;
};

Plan make_plan(const store::Job& job, const match::ProjectView& project, const store::EventScan& scan,
               const std::vector<store::StoredContent>& contents, int lane_count) {
  std::unordered_map<EventId, std::shared_ptr<const EventContent>> by_event;
  for (const auto& each : contents) by_event.emplace(each.event, each.content);
  Plan plan{.deliveries = {},
            .first_matched = {},
            .step = {.cursor = job.cursor, .part = job.part, .counts = {}, .error = {}}};
  auto& step = plan.step;
  const auto until = Steady::now() + kMatchingMax;
  for (const auto& event : scan.events) {
    if (plan.deliveries.size() >= kChunk || (step.counts.done > 0 && Steady::now() > until)) return plan;
    const auto content = by_event.find(event.id);
    match::MatchResult found;
    if (event.is_matched && content != by_event.end()) {
      const match::Target target{.endpoint = event.endpoint, .owner_id = event.owner_id, .source = event.source};
      found = matches_of(job, project, event,
                         {.target = target,
                          .content = *content->second,
                          .after = step.part ? std::optional(SubscriptionId{*step.part}) : std::nullopt,
                          .matches_max = kChunk - plan.deliveries.size(),
                          .steps_max = match::chunk_steps_max,
                          .has_progress = true});
    }
    for (const auto& match : found.matches) {
      plan.deliveries.push_back({.id = store::make_delivery_id(EventId{job.id.bytes}, event.id, match.subscription->id),
                                 .event = event.id,
                                 .subscription = match.subscription->id,
                                 .endpoint = match.endpoint->id,
                                 .lane = store::lane_of(match.endpoint->id.bytes, lane_count),
                                 .discard_reason = match::discard_reason(match)});
    }
    step.counts.deliveries += static_cast<std::int64_t>(found.matches.size());
    if (event.is_unmatched && !found.matches.empty()) plan.first_matched.push_back(event.id);
    const bool was_begun = step.part.has_value();
    step.part = found.next ? std::optional(found.next->bytes) : std::nullopt;
    if (step.part) return plan;  // the rest of it in the next chunk
    ++step.counts.done;
    ++(found.matches.empty() && !was_begun ? step.counts.skipped : step.counts.succeeded);
    step.cursor = event.id.bytes;
  }
  if (scan.last) step.cursor = scan.last;
  if (scan.is_last) step.state = JobState::completed;
  return plan;
}

// On a thread of the jobs' own: matching may take long.
Result<Plan> plan_chunk(store::Tx& tx, const store::Job& job, const match::ProjectPtr& project, int lane_count) {
  FL_TRY(const auto scan, store::scan_job_events(tx, job, kBounds));
  std::vector<store::EventKey> keys;
  for (const auto& event : scan.events) keys.push_back({job.project, event.id});
  std::vector<store::StoredContent> contents;
  if (!keys.empty()) {
    FL_TRY(contents, store::load_contents(tx, keys));
  }
  return make_plan(job, *project, scan, contents, lane_count);
}

}  // namespace

Jobs::Jobs(const asio::any_io_executor& executor, LaneWork work)
    : rounds_(executor), work_(std::move(work)), next_purge_(Steady::now()) {}

Task<void> Jobs::run() {
  return rounds_.run([this] { return step_all(); });
}

// One chunk of each open job whose rate allows it.
Task<Steady::time_point> Jobs::step_all() {
  const auto lanes = co_await work_.owned_lanes();
  if (lanes.empty()) co_return Steady::now() + kLookPeriod;
  const auto open = co_await work_.db.run(store::TxKind::autocommit, &store::list_open_jobs, lanes);
  if (!open) {
    work_.metrics.database_errors.Increment();
    spdlog::warn("jobs_failed error={}", open.error().message);
    co_return Steady::now() + kLookPeriod;
  }
  std::erase_if(next_turns_, [&](const auto& entry) {
    return entry.second <= Steady::now() &&
           std::ranges::none_of(*open, [&](const auto& job) { return job.id == entry.first; });
  });
  for (const auto& job : *open) {
    if (rounds_.is_stopping()) co_return Steady::now();
    const auto turn = next_turns_.find(job.id);
    if (turn == next_turns_.end() || turn->second <= Steady::now()) co_await take_turn(job);
  }
  if (lanes.front() == 0 && next_purge_ <= Steady::now()) co_await purge();
  auto next = Steady::now() + kLookPeriod;
  for (const auto& [id, at] : next_turns_) next = std::min(next, at);
  co_return next;
}

Task<void> Jobs::take_turn(store::Job job) {
  const auto began = Steady::now();
  auto step = is_about_events(job.kind) ? co_await step_events(job) : co_await step_deliveries(job);
  // A broken statement stays broken: the job says so, instead of failing for ever.
  if (!step && step.error().code == Code::internal) {
    spdlog::error("job_failed job={} error={}", to_text(job.id), step.error().message);
    step = co_await end(job, JobState::failed, "stopped by an error of the server: " + step.error().reason);
  }
  if (!step) {
    work_.metrics.database_errors.Increment();
    spdlog::warn("job_delayed job={} error={}", to_text(job.id), step.error().message);
    next_turns_[job.id] = Steady::now() + kLookPeriod;
    co_return;
  }
  if (!step->due.empty()) work_.recall(std::move(step->due));
  if (step->is_open)
    next_turns_[job.id] = began + std::chrono::microseconds(step->done * 1'000'000 / job.rate);
  else
    next_turns_.erase(job.id);
}

Task<Result<Jobs::Step>> Jobs::end(store::Job job, JobState state, std::string error) {
  const store::JobStep step{job.cursor, job.part, {}, state, std::move(error)};
  const auto now = work_.clock();
  const auto work = [job, step, now](store::Tx& tx) -> Result<bool> {
    FL_TRY(const bool is_held, store::hold_job(tx, job));
    return is_held ? store::move_job(tx, job, step, now) : Result<bool>(false);
  };
  const auto moved = co_await work_.db.run(store::TxKind::read_write, work);
  if (!moved) co_return std::unexpected(moved.error());
  co_return Step{};
}

Task<Result<Jobs::Step>> Jobs::step_deliveries(store::Job job) {
  const auto now = work_.clock();
  const auto chunk = [job, now](store::Tx& tx) -> Result<Step> {
    FL_TRY(const bool is_held, store::hold_job(tx, job));
    if (!is_held) return Step{};
    FL_TRY(const auto scan, store::scan_job_deliveries(tx, job, kBounds));
    FL_TRY(const auto seen, store::look_before_resend(tx, job.project, scan.deliveries));
    std::vector<DeliveryId> ready;
    for (const auto& each : seen) {
      if (each.obstacle == store::Obstacle::none) ready.push_back(each.id);
    }
    Step step{.is_open = !scan.is_last, .done = static_cast<std::int64_t>(scan.deliveries.size())};
    if (!ready.empty()) {
      FL_TRY(step.due, store::send_again(tx, job.project, ready, job.filter.statuses));
    }
    JobCounts counts{.done = step.done, .succeeded = static_cast<std::int64_t>(step.due.size())};
    counts.failed = static_cast<std::int64_t>(seen.size() - ready.size());
    counts.skipped = counts.done - counts.succeeded - counts.failed;
    counts.deliveries = counts.succeeded;
    FL_TRY_VOID(store::move_job(tx, job,
                                {.cursor = scan.last ? scan.last : job.cursor,
                                 .part = {},
                                 .counts = counts,
                                 .state = scan.is_last ? JobState::completed : JobState::running,
                                 .error = {}},
                                now));
    return step;
  };
  auto step = co_await work_.db.run(store::TxKind::read_write, chunk);
  co_return step;
}

// The project as configured when the job was made, or later; null: it is gone.
Task<Result<match::ProjectPtr>> Jobs::current_project(const store::Job& job) {
  const auto id = job.project;
  const auto version = job.config_version;
  auto project = work_.refresher.current()->find_project(id);
  if (!project || project->version < version) {
    if (!co_await work_.refresher.refresh())
      co_return fail(Error{Code::unavailable, "the configuration could not be read", "database_unavailable"});
    project = work_.refresher.current()->find_project(id);
  }
  co_return project;
}

Task<Result<Jobs::Step>> Jobs::step_events(store::Job job) {
  const auto project = co_await current_project(job);
  if (!project) co_return std::unexpected(project.error());
  if (!*project) co_return co_await end(job, JobState::failed, "the project was deleted");
  const auto planned = co_await work_.db.run(store::TxKind::autocommit, &plan_chunk, job, *project, work_.lane_count);
  if (!planned) co_return std::unexpected(planned.error());
  const auto& plan = *planned;
  const auto now = work_.clock();
  const auto version = (*project)->version;
  const auto chunk = [job, now, version, &plan](store::Tx& tx) -> Result<Step> {
    FL_TRY(const bool is_held, store::hold_job(tx, job));
    if (!is_held) return Step{};
    Step step{.is_open = plan.step.state == JobState::running, .done = plan.step.counts.done};
    if (!plan.deliveries.empty()) {
      FL_TRY(step.due, store::insert_replayed(tx, job, plan.deliveries, plan.first_matched, version));
    }
    FL_TRY_VOID(store::move_job(tx, job, plan.step, now));
    return step;
  };
  auto step = co_await work_.db.run(store::TxKind::read_write, chunk);
  if (step && (step->is_open || step->done > 0))
    work_.metrics.deliveries_created.Increment(static_cast<double>(plan.deliveries.size()));
  co_return step;
}

Task<void> Jobs::purge() {
  const auto purged =
      co_await work_.db.run(store::TxKind::autocommit, &store::purge_jobs, TimePoint(work_.clock() - kKept));
  next_purge_ = Steady::now() + (purged && *purged > 0 ? std::chrono::minutes(0) : kPurgePeriod);
  if (!purged) spdlog::warn("jobs_purge_failed error={}", purged.error().message);
}

}  // namespace fairlead::upkeep
