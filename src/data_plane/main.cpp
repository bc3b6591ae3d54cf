// fairlead-data: serve, config check, healthcheck.
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "common/net/health_check.hpp"
#include "common/ops/fault_point.hpp"
#include "common/ops/log.hpp"
#include "common/ops/setting_flags.hpp"
#include "common/ops/version.hpp"
#include "data_plane/app.hpp"

namespace {

using namespace fairlead;
constexpr const char* kProgram = "fairlead-data";

int run_serve(const SettingFlags& flags) {
  auto environment = process_environment();
  const auto armed = arm_fault_point(environment);
  auto read = data::read_settings(std::move(environment), flags);
  if (!armed) read.problems.push_back(armed.error().message);
  if (!read.problems.empty()) return complain(kProgram, read.problems);
  start_logging(kProgram, read.settings.common.log_level);
  const auto served = data::serve(read.settings);
  if (!served) spdlog::critical("stopped error={}", served.error().message);
  stop_logging();
  if (!served) std::cerr << kProgram << ": " << served.error().message << '\n';
  return served ? *served : 1;
}

int run_config_check(const SettingFlags& flags) {
  const auto read = data::read_settings(process_environment(), flags);
  print_settings(read.shown);
  return read.problems.empty() ? 0 : complain(kProgram, read.problems);
}

// The other settings may be wrong or absent: only the admin port's address is needed.
int run_healthcheck(const SettingFlags& flags, bool is_liveness) {
  const auto read = data::read_settings(process_environment(), flags);
  return net::run_health_check(kProgram, read.settings.admin_listen, is_liveness);
}

int run(int argc, char** argv) {
  CLI::App cli("Fairlead's data plane: accepts events and delivers them");
  cli.set_version_flag("--version", std::string(kProgram) + " " + kVersion);
  cli.require_subcommand(1);
  SettingFlags flags;
  bool is_liveness = false;
  const auto shown = data::read_settings({}, {}).shown;
  auto* serve_command = cli.add_subcommand("serve", "Accept events and deliver them, until SIGTERM");
  auto* config_command = cli.add_subcommand("config", "Look at the settings");
  config_command->require_subcommand(1);
  auto* check_command =
      config_command->add_subcommand("check", "Print the settings in force, secrets masked; 1 if they cannot be used");
  auto* health_command = cli.add_subcommand(
      "healthcheck", "Ask the running data plane, on its admin port, whether it is ready; 0 if so, else 1");
  health_command->add_flag("--live", is_liveness, "Ask only whether the process answers");
  for (auto* command : {serve_command, check_command, health_command}) add_setting_flags(*command, shown, flags);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? 0 : 2;
  }
  if (*serve_command) return run_serve(flags);
  return *health_command ? run_healthcheck(flags, is_liveness) : run_config_check(flags);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << kProgram << ": " << error.what() << '\n';
    return 1;
  }
}
