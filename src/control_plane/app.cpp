#include "control_plane/app.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <thread>

#include "common/net/http_client.hpp"
#include "common/net/resolver.hpp"
#include "common/ops/notify.hpp"
#include "common/ops/version.hpp"
#include "common/script/runner.hpp"
#include "common/store/db.hpp"
#include "control_plane/admin.hpp"
#include "control_plane/http/front.hpp"
#include "control_plane/migrations.hpp"
#include "control_plane/routes.hpp"
#include "control_plane/services/forwarder.hpp"

namespace fairlead::control {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kDatabasePatience{60};
constexpr std::chrono::seconds kDrainDeadline{30};
constexpr int kFeedsPerWatchdog = 3;  // so that one late turn is not yet a missed one

store::DbOptions db_options(const Settings& settings, std::string name, int connections,
                            std::chrono::milliseconds timeout) {
  return {.url = settings.common.database_url.reveal(),
          .application_name = "fairlead-control " + name,
          .connections = connections,
          .statement_timeout = timeout};
}

// Lists over events and deliveries, by the plans that their statements are written for: with many partitions, planning
// anew takes longer than reading a page.
store::DbOptions list_options(const Settings& settings) {
  auto options = db_options(settings, "lists", 3, std::chrono::seconds(5));
  options.is_hot = options.may_hash = true;
  return options;
}

net::HttpServerOptions server_options(const Listen& listen, std::size_t connections_max) {
  net::HttpServerOptions options{.listen = listen};
  options.connections_max = connections_max;
  options.body_bytes_max = form_bytes_max;
  return options;
}

}  // namespace

// Members end in the opposite order: the servers first, the pools behind them.
struct App::Parts {
  Parts(asio::io_context& io, const Settings& settings, crypto::Sealer seal, net::AddressGuard addresses,
        net::Url data_url)
      : sealer(std::move(seal)),
        guard(std::move(addresses)),
        db(db_options(settings, "api", 4, std::chrono::seconds(10))),
        lists(list_options(settings)),
        probe(db_options(settings, "ready", 1, std::chrono::seconds(2))),
        authenticator(db),
        forwarder(io.get_executor(), std::move(data_url)),
        resolver(io.get_executor(), {.servers = settings.dns_servers}),
        client(io.get_executor(), resolver, guard, {.ca_file = settings.tls_ca_file}),
        scripts(io.get_executor(), {.program = settings.script_program}),
        context{db, lists, sealer, guard, ids, authenticator, forwarder, client, scripts, settings.public_url},
        metrics(*registry),
        front(context, all_routes(), metrics, settings.requests_per_minute_max),
        admin(probe, registry),
        server(io, server_options(settings.listen, 8192), [this](auto http) { return front.answer(std::move(http)); }),
        admin_server(io, server_options(settings.admin_listen, 256),
                     [this](auto http) { return admin.answer(std::move(http)); }) {}

  crypto::Sealer sealer;
  net::AddressGuard guard;
  IdSource ids;
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  store::Db db;
  store::Db lists;
  store::Db probe;
  Authenticator authenticator;
  Forwarder forwarder;
  net::Resolver resolver;
  net::HttpClient client;
  script::Runner scripts;
  Context context;
  RequestMetrics metrics;
  Front front;
  Admin admin;
  net::HttpServer server;
  net::HttpServer admin_server;
};

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
App::~App() = default;

Result<std::unique_ptr<App>> App::make(asio::io_context& context, const Settings& settings) {
  FL_TRY(auto sealer, crypto::Sealer::from_text(settings.common.master_key));
  FL_TRY(auto guard, net::AddressGuard::from_allowed(settings.common.allow_networks));
  FL_TRY(auto data_url, net::parse_internal_url(settings.data_url));
  return std::unique_ptr<App>(
      new App(std::make_unique<Parts>(context, settings, std::move(sealer), std::move(guard), std::move(data_url))));
}

Result<void> App::start() {
  FL_TRY_VOID(parts_->server.start());
  return parts_->admin_server.start();
}

void App::drain() {
  parts_->admin.begin_draining();
  parts_->server.drain();
}

std::uint16_t App::port() const { return parts_->server.port(); }
std::uint16_t App::admin_port() const { return parts_->admin_server.port(); }
std::size_t App::connections() const { return parts_->server.connections(); }

namespace {

// Runs until a signal, then until the last connection has ended or the deadline passed.
asio::awaitable<void> run_until_signal(App& app, asio::io_context& context, const Notifier& notifier) {
  asio::signal_set signals(context, SIGTERM, SIGINT);
  const int number = co_await signals.async_wait(asio::use_awaitable);
  spdlog::info("draining signal={}", number);
  notifier.stopping();
  app.drain();
  const auto deadline = Steady::now() + kDrainDeadline;
  asio::steady_timer pause(context);
  while (app.connections() > 0 && Steady::now() < deadline) {
    pause.expires_after(std::chrono::milliseconds(20));
    co_await pause.async_wait(asio::use_awaitable);
  }
  spdlog::info("stopped connections_cut={}", app.connections());
  context.stop();
}

// Tells the service manager that we serve, and then feeds its watchdog as long as the threads that serve requests take
// up work.
asio::awaitable<void> report(asio::io_context& context, const Notifier& notifier) {
  asio::steady_timer pause(context);
  while (!notifier.ready()) {
    pause.expires_after(std::chrono::milliseconds(50));
    co_await pause.async_wait(asio::use_awaitable);
  }
  const auto watchdog = notifier.watchdog();
  while (watchdog) {
    notifier.alive();
    pause.expires_after(*watchdog / kFeedsPerWatchdog);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

Result<void> prepare_schema(const Settings& settings, bool migrates) {
  const Secret& owner =
      settings.migrate_database_url.empty() ? settings.common.database_url : settings.migrate_database_url;
  FL_TRY_VOID(wait_for_database(migrates ? owner : settings.common.database_url, kDatabasePatience));
  if (!migrates) return check_schema(settings.common.database_url);
  FL_TRY(const auto applied, migrate_database(owner));
  for (const auto& name : applied) spdlog::info("migration_applied name={}", name);
  return {};
}

}  // namespace

Result<void> serve(const Settings& settings, bool migrates) {
  FL_TRY(const auto notifier, Notifier::from_environment(process_environment(), getpid()));
  notifier.status("waiting for the database and its schema");
  FL_TRY_VOID(prepare_schema(settings, migrates));
  asio::io_context context(settings.threads);
  FL_TRY(auto app, App::make(context, settings));
  FL_TRY_VOID(app->start());
  spdlog::info("serving version={} listen={}:{} admin={}:{}", kVersion, settings.listen.address, app->port(),
               settings.admin_listen.address, app->admin_port());
  asio::co_spawn(context, run_until_signal(*app, context, notifier), asio::detached);
  asio::co_spawn(context, report(context, notifier), asio::detached);
  std::vector<std::thread> threads;
  for (int index = 1; index < settings.threads; ++index) threads.emplace_back([&context] { context.run(); });
  context.run();
  for (auto& thread : threads) thread.join();
  return {};
}

}  // namespace fairlead::control
