#include "control_plane/cli.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/crypto/seal.hpp"
#include "common/net/health_check.hpp"
#include "common/ops/log.hpp"
#include "common/ops/setting_flags.hpp"
#include "common/ops/version.hpp"
#include "control_plane/app.hpp"
#include "control_plane/migrations.hpp"
#include "control_plane/services/bootstrap.hpp"
#include "control_plane/settings.hpp"

namespace fairlead::control {
namespace {

constexpr std::chrono::seconds kDatabasePatience{60};

constexpr const char* kProgram = "fairlead-control";

int complain_of(const Error& error) {
  std::cerr << kProgram << ": " << error.message << '\n';
  return 1;
}

int run_serve(const SettingFlags& flags, bool migrates) {
  auto read = read_settings(process_environment(), flags);
  if (!read.problems.empty()) return complain(kProgram, read.problems);
  start_logging(kProgram, read.settings.common.log_level);
  const auto served = serve(read.settings, migrates);
  if (!served) spdlog::critical("stopped error={}", served.error().message);
  stop_logging();
  return served ? 0 : complain_of(served.error());
}

const Secret& owner_url(const DatabaseSettings& settings) {
  return settings.migrate_database_url.empty() ? settings.database_url : settings.migrate_database_url;
}

int run_migrate(const SettingFlags& flags) {
  const auto settings = read_database_settings(process_environment(), flags);
  if (!settings.problems.empty()) return complain(kProgram, settings.problems);
  if (const auto reached = wait_for_database(owner_url(settings), kDatabasePatience); !reached)
    return complain_of(reached.error());
  const auto applied = migrate_database(owner_url(settings));
  if (!applied) return complain_of(applied.error());
  for (const auto& name : *applied) std::cout << "applied " << name << '\n';
  if (applied->empty()) std::cout << "the schema is up to date\n";
  return 0;
}

int run_bootstrap(const SettingFlags& flags, const BootstrapNames& names) {
  const auto settings = read_database_settings(process_environment(), flags);
  if (!settings.problems.empty()) return complain(kProgram, settings.problems);
  if (const auto reached = wait_for_database(owner_url(settings), kDatabasePatience); !reached)
    return complain_of(reached.error());
  if (const auto applied = migrate_database(owner_url(settings)); !applied) return complain_of(applied.error());
  store::Connection connection(
      {.url = settings.database_url.reveal(), .application_name = "fairlead-control bootstrap"});
  IdSource ids;
  const auto made =
      connection.run(store::TxKind::read_write, [&](store::Tx& tx) { return bootstrap(tx, names, ids, wall_now()); });
  if (!made) return complain_of(made.error());
  const nlohmann::ordered_json line{{"organisation_id", to_text(made->organisation)},
                                    {"project_id", to_text(made->project)},
                                    {"api_key", made->key.reveal()}};
  std::cout << line.dump() << '\n';
  return 0;
}

int run_config_check(const SettingFlags& flags) {
  const auto read = read_settings(process_environment(), flags);
  print_settings(read.shown);
  return read.problems.empty() ? 0 : complain(kProgram, read.problems);
}

// The other settings may be wrong or absent: only the admin port's address is needed.
int run_healthcheck(const SettingFlags& flags, bool is_liveness) {
  const auto read = read_settings(process_environment(), flags);
  return net::run_health_check(kProgram, read.settings.admin_listen, is_liveness);
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App cli("Fairlead's control plane: the management API, migrations and first set-up");
  cli.set_version_flag("--version", std::string(kProgram) + " " + kVersion);
  cli.require_subcommand(1);
  SettingFlags flags;
  const auto shown = read_settings({}, {}).shown;
  bool has_no_migrate = false, is_json = false, is_liveness = false;
  BootstrapNames names;

  auto* serve_command = cli.add_subcommand("serve", "Serve the management API; migrates the database first");
  serve_command->add_flag("--no-migrate", has_no_migrate, "Do not migrate: refuse to start on an older schema");
  auto* migrate_command = cli.add_subcommand("migrate", "Bring the database's schema up to date");
  auto* bootstrap_command =
      cli.add_subcommand("bootstrap", "Make the first organisation, project and API key; prints one JSON line");
  bootstrap_command->add_flag("--json", is_json, "Print JSON, which is what is printed anyway");
  bootstrap_command->add_option("--organisation", names.organisation, "Name of the organisation")
      ->capture_default_str();
  bootstrap_command->add_option("--project", names.project, "Name of the project")->capture_default_str();
  auto* config_command = cli.add_subcommand("config", "Look at the settings");
  config_command->require_subcommand(1);
  auto* check_command =
      config_command->add_subcommand("check", "Print the settings in force, secrets masked; 1 if they cannot be used");
  auto* keygen_command = cli.add_subcommand("keygen", "Print a new master key");
  auto* health_command = cli.add_subcommand(
      "healthcheck", "Ask the running control plane, on its admin port, whether it is ready; 0 if so, else 1");
  health_command->add_flag("--live", is_liveness, "Ask only whether the process answers");
  for (auto* command : {serve_command, migrate_command, bootstrap_command, check_command, health_command})
    add_setting_flags(*command, shown, flags);

  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? 0 : 2;
  }
  if (*serve_command) return run_serve(flags, !has_no_migrate);
  if (*migrate_command) return run_migrate(flags);
  if (*bootstrap_command) return run_bootstrap(flags, names);
  if (*check_command) return run_config_check(flags);
  if (*health_command) return run_healthcheck(flags, is_liveness);
  if (*keygen_command) std::cout << crypto::make_master_key() << '\n';
  return 0;
}

}  // namespace fairlead::control
