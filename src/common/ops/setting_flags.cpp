#include "common/ops/setting_flags.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace fairlead {
namespace {

std::string flag_of(std::string_view name) {
  std::string flag = "--";
  for (const char c : name.substr(std::string_view("FAIRLEAD_").size())) {
    flag += c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return flag;
}

}  // namespace

void add_setting_flags(CLI::App& command, const std::vector<SettingsReader::Shown>& shown, SettingFlags& flags) {
  const auto add = [&](const std::string& name, const std::string& help) {
    command
        .add_option_function<std::string>(
            flag_of(name), [&flags, name](const std::string& value) { flags[name] = value; }, help)
        ->group("Settings (each also as environment variable FAIRLEAD_…)");
  };
  for (const auto& setting : shown) {
    add(setting.name, setting.help + (setting.value.empty() ? "" : " [" + setting.value + "]"));
    if (setting.name.ends_with("DATABASE_URL") || setting.name.ends_with("MASTER_KEY")) {
      add(setting.name + "_FILE", "file that holds it");
    }
  }
  add("FAIRLEAD_CONFIG_FILE",
      "JSON file with settings, names in lower case without the prefix; environment and flags win");
}

int complain(const std::string& program, const std::vector<std::string>& problems) {
  std::cerr << program << ": the settings cannot be used:\n";
  for (const auto& problem : problems) std::cerr << "  - " << problem << '\n';
  return 1;
}

void print_settings(const std::vector<SettingsReader::Shown>& shown) {
  for (const auto& setting : shown)
    std::cout << setting.name << '=' << setting.value << "    # " << setting.help << '\n';
}

}  // namespace fairlead
