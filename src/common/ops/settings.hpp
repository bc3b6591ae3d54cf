// Reads FAIRLEAD_* settings: defaults < JSON file (FAIRLEAD_CONFIG_FILE) < environment < flags, and collects every
// problem.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "common/core/secret.hpp"

namespace fairlead {

struct Listen {
  std::string address;  // an IP address
  std::uint16_t port = 0;
};

class SettingsReader {
 public:
  // `flags` ("FAIRLEAD_X" → value) win over `environment`, which wins over the JSON file that FAIRLEAD_CONFIG_FILE
  // names (an object with the names in lower case without the prefix; a list may be an array of texts, null is unset).
  SettingsReader(std::map<std::string, std::string> environment, std::map<std::string, std::string> flags);

  // Each call declares a setting: what is never declared, but begins with FAIRLEAD_, is a problem.
  std::string text(const std::string& name, std::string fallback, const std::string& help);
  Secret secret(const std::string& name, const std::string& help);  // also <name>_FILE; empty if unset
  std::int64_t number(const std::string& name, std::int64_t fallback, std::int64_t min, std::int64_t max,
                      const std::string& help);
  bool flag(const std::string& name, bool fallback, const std::string& help);
  Listen listen(const std::string& name, const std::string& fallback, const std::string& help);
  std::vector<std::string> list(const std::string& name, const std::string& help);  // comma separated
  void ignore(const std::string& name);                                             // known to the other program
  void problem(std::string text);

  // Every problem found, unknown names included; call after the last declaration.
  [[nodiscard]] std::vector<std::string> problems() const;
  struct Shown {
    std::string name, value, help;
  };
  [[nodiscard]] const std::vector<Shown>& shown() const { return shown_; }  // secrets masked

 private:
  const std::string* find(const std::string& name);
  std::map<std::string, std::string> values_;
  std::map<std::string, bool> declared_;
  std::vector<std::string> problems_;
  std::vector<Shown> shown_;
};

// Settings that both programs share.
struct CommonSettings {
  Secret database_url;
  Secret master_key;
  std::vector<std::string> allow_networks;
  std::string log_level;
};
[[nodiscard]] CommonSettings read_common_settings(SettingsReader& reader);
// Names that only one of the programs reads, declared as known in the other.
void ignore_foreign_settings(SettingsReader& reader);
[[nodiscard]] std::map<std::string, std::string> process_environment();
// The URL with its passwords (before the "@", and as parameters) replaced by ***.
[[nodiscard]] std::string mask_url(std::string_view url);

}  // namespace fairlead
