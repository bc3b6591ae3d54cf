#include "data_plane/app.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <thread>

#include "common/net/problem.hpp"
#include "common/net/resolver.hpp"
#include "common/net/serial.hpp"
#include "common/ops/notify.hpp"
#include "common/ops/version.hpp"
#include "common/store/migrator.hpp"
#include "data_plane/stages.hpp"

namespace fairlead::data {
namespace asio = boost::asio;
namespace http = net::http;
namespace {

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t kEnvelopeBytesMax = 64 * 1024;  // of an event's request beside its payload
constexpr int kFeedsPerWatchdog = 3;                  // so that one late turn is not yet a missed one

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) spdlog::warn("descriptor_limit_unchanged limit={}", limit.rlim_cur);
}

struct IoContext : asio::io_context {
  explicit IoContext(int threads) : io_context(threads) {
    if (threads == 1) run_by_one_thread(*this);
  }
  void give_up() { shutdown(); }
};

// Producers are served by threads of their own, so that neither side waits for the other's turn and two processors are
// used without a strand. A coroutine of one context may wait in the other: both give up what waits in them before
// either goes, and once more, because what was given up unwinds where it belongs.
struct IoContexts {
  explicit IoContexts(int threads) : deliver(threads), ingest(threads) {}
  ~IoContexts() {
    for (auto* context : {&ingest, &deliver, &ingest, &deliver}) context->give_up();
  }
  IoContexts(const IoContexts&) = delete;
  IoContext deliver, ingest;
};

class App {
 public:
  App(const Settings& settings, crypto::Sealer sealer, const net::AddressGuard& guard, Notifier notifier)
      : settings_(settings),
        notifier_(std::move(notifier)),
        sealer_(std::move(sealer)),
        contexts_(settings.threads),
        resolver_(contexts_.deliver.get_executor(), {.servers = settings.dns_servers}),
        client_(contexts_.deliver.get_executor(), resolver_, guard, {.ca_file = settings.tls_ca_file}),
        databases_(settings),
        admin_(contexts_.deliver, {.listen = settings.admin_listen},
               [this](auto request) { return handle_admin(std::move(request)); }),
        server_(contexts_.ingest,
                {.listen = settings.listen,
                 .body_bytes_max = settings.payload_bytes_max + kEnvelopeBytesMax,
                 .connections_max = settings.connections_max,
                 .connections_per_address_max = settings.connections_max / 2},
                [this](auto request) { return stages_->handle(std::move(request)); }),
        signals_(contexts_.deliver, SIGTERM, SIGINT) {}

  Result<int> run() {
    FL_TRY_VOID(admin_.start());
    asio::co_spawn(contexts_.deliver, start(), asio::detached);
    asio::co_spawn(contexts_.deliver, wait_for_signal(), asio::detached);
    if (notifier_.is_heard()) asio::co_spawn(contexts_.deliver, report(), asio::detached);
    const auto until_stopped = asio::make_work_guard(contexts_.ingest);
    std::vector<std::thread> threads;
    for (int index = 0; index < settings_.threads; ++index) threads.emplace_back([this] { contexts_.ingest.run(); });
    for (int index = 1; index < settings_.threads; ++index) threads.emplace_back([this] { contexts_.deliver.run(); });
    contexts_.deliver.run();
    contexts_.ingest.stop();
    for (auto& thread : threads) thread.join();
    if (failure_) return std::unexpected(*failure_);
    return exit_code_;
  }

 private:
  Task<void> start();
  Task<Result<void>> start_stages();
  Task<void> wait_for_signal();
  Task<void> report();
  Task<net::HttpResponse> handle_admin(std::shared_ptr<const net::HttpRequest> request);
  std::vector<std::string> complaints() const;
  net::HttpResponse readiness(const std::string& request_id) const;

  Settings settings_;
  Notifier notifier_;
  crypto::Sealer sealer_;
  IoContexts contexts_;  // outlive the pools below
  net::Resolver resolver_;
  net::HttpClient client_;
  Metrics metrics_;
  std::unique_ptr<Stages> stages_;
  Databases databases_;  // joined before the stages go: its threads call them
  std::atomic<bool> is_serving_ = false, is_draining_ = false;
  std::string waiting_for_ = "starting";  // guarded by waiting_mutex_
  mutable std::mutex waiting_mutex_;
  net::HttpServer admin_, server_;
  asio::signal_set signals_;
  std::optional<Error> failure_;
  int exit_code_ = 0;
};

// Waits for a database with a schema that we know, and says what it waits for.
Task<Result<void>> App::start_stages() {
  const auto facts = co_await databases_.upkeep.run(store::TxKind::autocommit, &store::read_server_facts);
  if (!facts) co_return std::unexpected(facts.error());
  if (facts->schema_version < store::newest_migration()) {
    co_return fail(Code::unavailable, "the schema is at " + std::to_string(facts->schema_version) +
                                          ", this program needs " + std::to_string(store::newest_migration()) +
                                          ": run fairlead-control migrate");
  }
  // After a long pause today's partition may be missing, and nobody else may be up to make it.
  FL_CO_TRY_VOID(co_await databases_.upkeep.run(store::TxKind::autocommit, &store::make_partitions));
  FL_CO_TRY(const int lane_count, co_await databases_.upkeep.run(store::TxKind::autocommit, &store::lane_count));
  stages_ = std::make_unique<Stages>(Contexts{.ingest = contexts_.ingest, .deliver = contexts_.deliver}, settings_,
                                     databases_, sealer_, client_, metrics_, lane_count, facts->now);
  co_return co_await stages_->start();
}

Task<void> App::start() {
  std::string said;
  asio::steady_timer pause(contexts_.deliver);
  for (;;) {
    const auto started = co_await start_stages();
    if (started) break;
    stages_.reset();
    if (said != started.error().message) {
      said = started.error().message;
      spdlog::warn("waiting_to_start why=\"{}\"", said);
      notifier_.status("waiting to start: " + said);
      const std::lock_guard lock(waiting_mutex_);
      waiting_for_ = said;
    }
    pause.expires_after(std::chrono::milliseconds(500));
    co_await pause.async_wait(use_tuple);
    if (is_draining_) co_return;
  }
  if (const auto listening = server_.start(); !listening) {
    failure_ = listening.error();
    contexts_.deliver.stop();
    co_return;
  }
  is_serving_ = true;
  spdlog::info("serving listen={}:{} admin={}:{} version={}", settings_.listen.address, server_.port(),
               settings_.admin_listen.address, admin_.port(), kVersion);
}

Task<void> App::wait_for_signal() {
  co_await signals_.async_wait(use_tuple);
  is_draining_ = true;
  notifier_.stopping();
  spdlog::info("draining delay_s={} deadline_s={}", settings_.drain_delay.count(), settings_.drain_deadline.count());
  signals_.async_wait([](boost::system::error_code error, int) {
    if (!error) std::_Exit(130);  // asked twice: at once
  });
  asio::steady_timer pause(contexts_.deliver, settings_.drain_delay);
  if (is_serving_) {
    co_await pause.async_wait(use_tuple);
    server_.drain();
    const auto until = Steady::now() + settings_.drain_deadline;
    while (server_.connections() > 0 && Steady::now() < until) {
      pause.expires_after(std::chrono::milliseconds(5));
      co_await pause.async_wait(use_tuple);
    }
    exit_code_ = co_await stages_->drain(settings_.drain_deadline) ? 0 : 1;
  }
  spdlog::info("stopped exit_code={}", exit_code_);
  resolver_.stop();
  contexts_.deliver.stop();
}

// Tells the service manager that we serve, once /readyz says so, and then feeds its watchdog. Each feed follows a turn
// of the strands that the work is done on, so that one that is stuck ends the feeding; a database that is away does
// not.
Task<void> App::report() {
  asio::steady_timer pause(contexts_.deliver);
  while (!complaints().empty() || !notifier_.ready()) {
    pause.expires_after(std::chrono::milliseconds(50));
    co_await pause.async_wait(use_tuple);
    if (is_draining_) co_return;
  }
  const auto watchdog = notifier_.watchdog();
  while (watchdog) {
    co_await stages_->turn();
    notifier_.alive();
    pause.expires_after(*watchdog / kFeedsPerWatchdog);
    co_await pause.async_wait(use_tuple);
  }
}

// Why this node cannot serve; nothing: it can.
std::vector<std::string> App::complaints() const {
  if (is_draining_) return {"this node is draining"};
  if (is_serving_) return stages_->complaints();
  const std::lock_guard lock(waiting_mutex_);
  return {waiting_for_};
}

net::HttpResponse App::readiness(const std::string& request_id) const {
  const auto why = complaints();
  if (why.empty()) return net::success(http::status::ok, "ready", "null");
  std::string message = "not ready: ";
  for (const auto& each : why) message += (&each == &why.front() ? "" : "; ") + each;
  return net::problem(Error{Code::unavailable, message, "not_ready"}, request_id);
}

Task<net::HttpResponse> App::handle_admin(std::shared_ptr<const net::HttpRequest> request) {
  if (request->path == "/healthz")
    co_return net::success(http::status::ok, std::string("Fairlead ") + kVersion, "null");
  if (request->path == "/readyz") co_return readiness(request->request_id);
  if (request->path == "/metrics") {
    net::HttpResponse response{.body = metrics_.render()};
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    co_return response;
  }
  co_return net::http_problem(http::status::not_found, "not_found", "here are /healthz, /readyz and /metrics",
                              request->request_id);
}

}  // namespace

Result<int> serve(const Settings& settings) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  FL_TRY(auto sealer, crypto::Sealer::from_text(settings.common.master_key));
  FL_TRY(const auto guard, net::AddressGuard::from_allowed(settings.common.allow_networks));
  FL_TRY(auto notifier, Notifier::from_environment(process_environment(), getpid()));
  App app(settings, std::move(sealer), guard, std::move(notifier));
  return app.run();
}

}  // namespace fairlead::data
