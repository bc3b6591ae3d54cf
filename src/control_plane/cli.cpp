#include "control_plane/cli.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/crypto/seal.hpp"
#include "common/ops/log.hpp"
#include "common/ops/version.hpp"
#include "control_plane/app.hpp"
#include "control_plane/migrations.hpp"
#include "control_plane/services/bootstrap.hpp"
#include "control_plane/settings.hpp"

namespace fairlead::control {
namespace {

constexpr std::chrono::seconds kDatabasePatience{60};

using Flags = std::map<std::string, std::string>;

int complain(const std::vector<std::string>& problems) {
  std::cerr << "fairlead-control: the settings cannot be used:\n";
  for (const auto& problem : problems) std::cerr << "  - " << problem << '\n';
  return 1;
}

int complain(const Error& error) {
  std::cerr << "fairlead-control: " << error.message << '\n';
  return 1;
}

// FAIRLEAD_DATABASE_URL → --database-url
std::string flag_of(std::string_view name) {
  std::string flag = "--";
  for (const char c : name.substr(std::string_view("FAIRLEAD_").size())) {
    flag += c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return flag;
}

// One option for every setting, described and with its default as the settings themselves say.
void add_setting_flags(CLI::App& command, Flags& flags) {
  const auto add = [&](const std::string& name, const std::string& help) {
    command
        .add_option_function<std::string>(
            flag_of(name), [&flags, name](const std::string& value) { flags[name] = value; }, help)
        ->group("Settings (each also as environment variable FAIRLEAD_…)");
  };
  for (const auto& setting : read_settings({}, {}).shown) {
    add(setting.name, setting.help + (setting.value.empty() ? "" : " [" + setting.value + "]"));
    if (setting.name.ends_with("DATABASE_URL") || setting.name.ends_with("MASTER_KEY")) {
      add(setting.name + "_FILE", "file that holds it");
    }
  }
  add("FAIRLEAD_CONFIG_FILE",
      "JSON file with settings, names in lower case without the prefix; environment and flags win");
}

int run_serve(const Flags& flags, bool migrates) {
  auto read = read_settings(process_environment(), flags);
  if (!read.problems.empty()) return complain(read.problems);
  start_logging("fairlead-control", read.settings.common.log_level);
  const auto served = serve(read.settings, migrates);
  if (!served) spdlog::critical("stopped error={}", served.error().message);
  stop_logging();
  return served ? 0 : complain(served.error());
}

const Secret& owner_url(const DatabaseSettings& settings) {
  return settings.migrate_database_url.empty() ? settings.database_url : settings.migrate_database_url;
}

int run_migrate(const Flags& flags) {
  const auto settings = read_database_settings(process_environment(), flags);
  if (!settings.problems.empty()) return complain(settings.problems);
  if (const auto reached = wait_for_database(owner_url(settings), kDatabasePatience); !reached)
    return complain(reached.error());
  const auto applied = migrate_database(owner_url(settings));
  if (!applied) return complain(applied.error());
  for (const auto& name : *applied) std::cout << "applied " << name << '\n';
  if (applied->empty()) std::cout << "the schema is up to date\n";
  return 0;
}

int run_bootstrap(const Flags& flags, const BootstrapNames& names) {
  const auto settings = read_database_settings(process_environment(), flags);
  if (!settings.problems.empty()) return complain(settings.problems);
  if (const auto reached = wait_for_database(owner_url(settings), kDatabasePatience); !reached)
    return complain(reached.error());
  if (const auto applied = migrate_database(owner_url(settings)); !applied) return complain(applied.error());
  store::Connection connection(
      {.url = settings.database_url.reveal(), .application_name = "fairlead-control bootstrap"});
  IdSource ids;
  const auto made =
      connection.run(store::TxKind::read_write, [&](store::Tx& tx) { return bootstrap(tx, names, ids, wall_now()); });
  if (!made) return complain(made.error());
  const nlohmann::ordered_json line{{"organisation_id", to_text(made->organisation)},
                                    {"project_id", to_text(made->project)},
                                    {"api_key", made->key.reveal()}};
  std::cout << line.dump() << '\n';
  return 0;
}

int run_config_check(const Flags& flags) {
  const auto read = read_settings(process_environment(), flags);
  for (const auto& setting : read.shown)
    std::cout << setting.name << '=' << setting.value << "    # " << setting.help << '\n';
  return read.problems.empty() ? 0 : complain(read.problems);
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App cli("Fairlead's control plane: the management API, migrations and first set-up");
  cli.set_version_flag("--version", std::string("fairlead-control ") + kVersion);
  cli.require_subcommand(1);
  Flags flags;
  bool has_no_migrate = false, is_json = false;
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
  for (auto* command : {serve_command, migrate_command, bootstrap_command, check_command})
    add_setting_flags(*command, flags);

  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? 0 : 2;
  }
  if (*serve_command) return run_serve(flags, !has_no_migrate);
  if (*migrate_command) return run_migrate(flags);
  if (*bootstrap_command) return run_bootstrap(flags, names);
  if (*check_command) return run_config_check(flags);
  if (*keygen_command) std::cout << crypto::make_master_key() << '\n';
  return 0;
}

}  // namespace fairlead::control
