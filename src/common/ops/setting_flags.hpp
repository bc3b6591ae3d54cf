// Every setting as a command-line option: FAIRLEAD_DATABASE_URL is also --database-url.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/ops/settings.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own
class App;
}

namespace fairlead {

using SettingFlags = std::map<std::string, std::string>;  // "FAIRLEAD_X" → value

// One option for each of `shown`, described and with its default as the settings themselves say. `flags` must outlive
// the parsing.
void add_setting_flags(CLI::App& command, const std::vector<SettingsReader::Shown>& shown, SettingFlags& flags);
// Names every problem on stderr; answers the exit code 1.
int complain(const std::string& program, const std::vector<std::string>& problems);
// NAME=value    # what it is
void print_settings(const std::vector<SettingsReader::Shown>& shown);

}  // namespace fairlead
