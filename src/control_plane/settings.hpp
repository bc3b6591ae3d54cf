// The settings of the control plane, read once at start.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/core/secret.hpp"
#include "common/ops/settings.hpp"

namespace fairlead::control {

struct Settings {
  CommonSettings common;
  Secret migrate_database_url;  // empty: common.database_url
  Listen listen;
  Listen admin_listen;
  std::string data_url;
  std::string public_url;                // empty: as each request's Host says
  std::vector<std::string> dns_servers;  // empty: the system's
  std::string tls_ca_file;               // empty: the system's authorities only
  int threads = 2;
  std::string script_program = "/proc/self/exe";  // not to be set: only a test is another program than this one
  int requests_per_minute_max = 0;                // 0: no limit
};

struct ReadSettings {
  Settings settings;
  std::vector<std::string> problems;         // every one of them; empty: usable
  std::vector<SettingsReader::Shown> shown;  // secrets masked
};
// `flags`: "FAIRLEAD_X" → value, over the environment.
[[nodiscard]] ReadSettings read_settings(std::map<std::string, std::string> environment,
                                         std::map<std::string, std::string> flags);

// What migrate and bootstrap need: no master key.
struct DatabaseSettings {
  Secret database_url;
  Secret migrate_database_url;
  std::string log_level;
  std::vector<std::string> problems;
};
[[nodiscard]] DatabaseSettings read_database_settings(std::map<std::string, std::string> environment,
                                                      std::map<std::string, std::string> flags);

}  // namespace fairlead::control
