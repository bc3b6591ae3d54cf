#include "data_plane/stages.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/store/migrator.hpp"

namespace fairlead::data {
namespace asio = boost::asio;
namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr int kCommitters = 2;
constexpr std::chrono::milliseconds kConfigPeriod{400};
constexpr std::chrono::minutes kClockOffsetMax{5};
constexpr int kPartitionDaysMin = 7;  // 14 are made; the gauge tells before this does

enum class Plans { as_usual, by_key, with_hashes };

store::DbOptions with(store::DbOptions options, int connections, Plans plans, std::chrono::seconds timeout) {
  options.connections = connections;
  options.is_hot = plans != Plans::as_usual;
  options.may_hash = plans == Plans::with_hashes;
  options.statement_timeout = timeout;
  return options;
}

}  // namespace

store::DbOptions Databases::options(const Settings& settings, const char* use) {
  return {.url = settings.common.database_url.reveal(), .application_name = std::string("fairlead-data ") + use};
}

Databases::Databases(const Settings& s)
    : ingest(with(options(s, "ingest"), kCommitters, Plans::with_hashes, std::chrono::seconds(10))),
      record(with(options(s, "record"), 2, Plans::by_key, std::chrono::seconds(10))),
      fetch(with(options(s, "fetch"), 2, Plans::by_key, std::chrono::seconds(10))),
      lease(with(options(s, "lease"), 1, Plans::as_usual, std::chrono::seconds(2))),
      config(with(options(s, "config"), 2, Plans::as_usual, std::chrono::seconds(30))),
      upkeep(with(options(s, "upkeep"), 2, Plans::as_usual, std::chrono::seconds(60))),
      hint(with(options(s, "hint"), 1, Plans::as_usual, std::chrono::seconds(2))),
      expand(with(options(s, "expand"), 1, Plans::by_key, std::chrono::seconds(10))),
      jobs(with(options(s, "jobs"), 1, Plans::by_key, std::chrono::seconds(10))) {}

Stages::Stages(const Contexts& contexts, const Settings& settings, Databases& databases, const crypto::Sealer& sealer,
               net::HttpClient& client, Metrics& metrics, int lane_count, TimePoint database_now)
    : context_(contexts.deliver),
      databases_(databases),
      metrics_(metrics),
      lane_count_(lane_count),
      offset_us_((database_now - wall_now()).count()),
      refresher_(contexts.deliver.get_executor(), databases.config, sealer,
                 [this](std::vector<EndpointId> changed) { dispatcher_.endpoints_changed(std::move(changed)); }),
      dispatcher_(contexts.deliver.get_executor(),
                  {.fetch_db = databases.fetch,
                   .record_db = databases.record,
                   .refresher = refresher_,
                   .client = client,
                   .metrics = metrics,
                   .clock = [this] { return clock(); },
                   .lane_count = lane_count,
                   .endpoint_concurrency = settings.endpoint_concurrency,
                   .hint = [this](std::vector<store::EndpointDue> due) { send_hint(std::move(due)); }}),
      batcher_(contexts.ingest.get_executor(),
               {.db = databases.ingest,
                .refresher = refresher_,
                .metrics = metrics,
                .clock = [this] { return clock(); },
                .lane_count = lane_count,
                .offer = [this](std::vector<OfferedDelivery> rows) { dispatcher_.offer(std::move(rows)); },
                .pending = [this](const std::vector<std::int16_t>&) { expansion_.notify(); },
                .recall = [this](std::vector<store::EndpointDue> due) { dispatcher_.recall(std::move(due)); }}),
      route_({.batcher = batcher_,
              .refresher = refresher_,
              .db = databases.config,
              .metrics = metrics,
              .clock = [this] { return clock(); },
              .payload_bytes_max = settings.payload_bytes_max,
              .events_per_minute_max = settings.events_per_minute_max,
              .is_ready = [this] { return std::chrono::abs(Micros(offset_us_.load())) <= kClockOffsetMax; },
              .guard = net::AddressGuard::from_allowed(settings.common.allow_networks).value()}),
      ownership_(dispatcher_.strand(), databases.lease, metrics, settings.node_name, lane_count, make_crew()),
      expansion_(contexts.deliver.get_executor(), lane_work(databases.expand),
                 [this](std::vector<OfferedDelivery> rows) { dispatcher_.offer(std::move(rows)); }),
      jobs_(contexts.deliver.get_executor(), lane_work(databases.jobs)),
      housekeeping_(
          dispatcher_.strand(),
          {.db = databases.upkeep,
           .metrics = metrics,
           .owned_lanes = [this] { return dispatcher_.owned_lanes(); },
           .scan_lane = [this](std::int16_t lane, bool is_full) { return dispatcher_.scan_lane(lane, is_full); },
           .save_states = [this] { return dispatcher_.save_states(); },
           .node = [this] { return ownership_.node(); },
           .take_key_uses = [this] { return match::take_key_uses(*refresher_.current()); }}),
      meta_sender_(
          contexts.deliver.get_executor(),
          {.db = databases.upkeep, .refresher = refresher_, .client = client, .clock = [this] { return clock(); }}),
      client_(client),
      listener_options_(Databases::options(settings, "listen")) {}

upkeep::LaneWork Stages::lane_work(store::Db& db) {
  return {.db = db,
          .refresher = refresher_,
          .metrics = metrics_,
          .clock = [this] { return clock(); },
          .lane_count = lane_count_,
          .owned_lanes = [this] { return owned_lanes(); },
          .recall = [this](std::vector<store::EndpointDue> due) { dispatcher_.recall(std::move(due)); }};
}

lanes::Crew Stages::make_crew() {
  return {.set_lease = [this](Steady::time_point until) { dispatcher_.set_lease(until); },
          .open = [this](std::vector<store::TakenLane> lanes) { return dispatcher_.open_lanes(std::move(lanes)); },
          .close =
              [this](std::vector<std::int16_t> lanes, std::chrono::milliseconds patience) {
                return dispatcher_.close_lanes(std::move(lanes), patience);
              },
          .forget_all = [this] { dispatcher_.forget_all(); },
          .owned = [this] { return dispatcher_.owned_lanes(); },
          .clock_offset = [this](Micros offset) { set_clock_offset(offset); }};
}

void Stages::set_clock_offset(Micros offset) {
  offset_us_ = offset.count();
  metrics_.clock_offset_seconds.Set(std::chrono::duration<double>(offset).count());
}

void Stages::send_hint(std::vector<store::EndpointDue> endpoints) {
  auto send = [](store::Db* db, std::vector<std::string> payloads) -> Task<void> {
    const auto sent = co_await db->run(store::TxKind::autocommit, &store::send_hints, payloads);
    if (!sent) spdlog::debug("hint_failed error={}", sent.error().message);
  };
  asio::co_spawn(context_, send(&databases_.hint, store::make_hints(endpoints)), asio::detached);
}

// For who runs on another strand.
Task<std::vector<std::int16_t>> Stages::owned_lanes() {
  const auto look = [](Stages* self) -> Task<std::vector<std::int16_t>> { co_return self->dispatcher_.owned_lanes(); };
  co_return co_await asio::co_spawn(dispatcher_.strand(), look(this), asio::use_awaitable);
}

Task<Result<void>> Stages::start() {
  FL_CO_TRY_VOID(co_await refresher_.refresh());
  const auto strand = dispatcher_.strand();
  asio::co_spawn(strand, run_dispatcher(), asio::detached);
  asio::co_spawn(strand, ownership_.run(), asio::detached);
  asio::co_spawn(expansion_.strand(), expansion_.run(), asio::detached);
  asio::co_spawn(strand, housekeeping_.run(), asio::detached);
  asio::co_spawn(jobs_.strand(), jobs_.run(), asio::detached);
  asio::co_spawn(context_, meta_sender_.run(), asio::detached);
  asio::co_spawn(context_, refresher_.run(kConfigPeriod), asio::detached);
  asio::co_spawn(batcher_.strand(), run_batcher(), asio::detached);
  listener_ = std::make_unique<lanes::HintListener>(listener_options_, [this](std::string payload) {
    dispatcher_.hinted(lanes::parse_hint(payload, clock(), lane_count_));
    expansion_.notify();
    if (payload == store::hint_of_work) jobs_.notify();
  });
  co_return Result<void>{};
}

Task<void> Stages::run_batcher() {
  co_await batcher_.run(kCommitters);
  is_batcher_done_ = true;
}

Task<void> Stages::run_dispatcher() {
  co_await dispatcher_.run();
  is_dispatcher_done_ = true;
}

std::vector<std::string> Stages::complaints() const {
  std::vector<std::string> why;
  const auto facts = housekeeping_.facts();
  if (!ownership_.is_joined()) why.emplace_back("this node has no lease: the database did not renew it");
  if (std::chrono::abs(Micros(offset_us_.load())) > kClockOffsetMax)
    why.emplace_back("the clocks of this node and the database differ by more than 5 minutes");
  if (!facts) {
    why.emplace_back("the database does not answer");
    return why;
  }
  if (!facts->has_fsync) why.emplace_back("the database server runs with fsync off: what it acknowledges can be lost");
  if (facts->partition_days_ahead < kPartitionDaysMin) {
    why.emplace_back("partitions are made only " + std::to_string(facts->partition_days_ahead) + " days ahead");
  }
  return why;
}

Task<void> Stages::turn() {
  co_await asio::post(dispatcher_.strand(), asio::use_awaitable);
  co_await asio::post(batcher_.strand(), asio::use_awaitable);
}

Task<bool> Stages::drain(std::chrono::seconds deadline) {
  const auto until = Steady::now() + deadline;
  asio::steady_timer pause(co_await asio::this_coro::executor);
  const auto wait_for = [&](std::atomic<bool>& is_done) -> Task<bool> {
    while (!is_done && Steady::now() < until) {
      pause.expires_after(std::chrono::milliseconds(5));
      co_await pause.async_wait(use_tuple);
    }
    co_return is_done.load();
  };
  jobs_.stop();
  batcher_.stop();
  bool is_complete = co_await wait_for(is_batcher_done_);
  auto give_up_lanes = [](Stages* self, std::chrono::milliseconds patience) -> Task<void> {
    self->expansion_.stop();
    self->dispatcher_.start_draining();
    co_await self->ownership_.drain(patience);
  };
  const auto left = std::max(std::chrono::milliseconds(0),
                             std::chrono::duration_cast<std::chrono::milliseconds>(until - Steady::now()));
  co_await asio::co_spawn(dispatcher_.strand(), give_up_lanes(this, left), asio::use_awaitable);
  meta_sender_.stop();
  client_.cancel_all();
  asio::post(dispatcher_.strand(), [this] {
    housekeeping_.stop();
    dispatcher_.stop();
  });
  is_complete = co_await wait_for(is_dispatcher_done_) && is_complete;
  refresher_.stop();
  listener_.reset();
  co_return is_complete;
}

}  // namespace fairlead::data
