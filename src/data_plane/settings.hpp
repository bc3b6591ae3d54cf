// The settings of the data plane, read once at start.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/core/secret.hpp"
#include "common/ops/settings.hpp"

namespace fairlead::data {

struct Settings {
  CommonSettings common;
  Listen listen;
  Listen admin_listen;
  std::string node_name;
  std::vector<std::string> dns_servers;
  std::string tls_ca_file;
  int threads = 2;  // that serve producers, and as many that deliver
  int endpoint_concurrency = 64;
  std::size_t payload_bytes_max = 1024 * 1024;
  int events_per_minute_max = 0;       // of all projects together; 0: no limit
  std::size_t connections_max = 8192;  // of producers
  std::chrono::seconds drain_delay{0};
  std::chrono::seconds drain_deadline{25};
};

struct ReadSettings {
  Settings settings;
  std::vector<std::string> problems;         // every one of them; empty: usable
  std::vector<SettingsReader::Shown> shown;  // secrets masked
};
// `flags`: "FAIRLEAD_X" → value, over the environment.
[[nodiscard]] ReadSettings read_settings(std::map<std::string, std::string> environment,
                                         std::map<std::string, std::string> flags);

}  // namespace fairlead::data
