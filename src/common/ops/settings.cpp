#include "common/ops/settings.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

extern char** environ;

namespace fairlead {
namespace {

constexpr std::string_view kPrefix = "FAIRLEAD_";

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

bool read_file(const std::string& path, std::string& out) {
  std::ifstream in(path, std::ios::binary);
  in.peek();  // a folder opens, but does not read
  if (!in.is_open() || in.bad()) return false;
  std::ostringstream all;
  all << in.rdbuf();
  out = all.str();
  return true;
}

// A value of the JSON file as the environment would spell it: lists are comma separated. Nothing if it has no such
// form.
std::optional<std::string> setting_text(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  if (!value.is_array()) return std::nullopt;
  std::string text;
  for (const auto& item : value) {
    if (!item.is_string()) return std::nullopt;
    if (!text.empty()) text += ',';
    text += item.get<std::string>();
  }
  return text;
}

bool is_ip_address(const std::string& text, int family) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(family, text.c_str(), bytes) == 1;
}

}  // namespace

SettingsReader::SettingsReader(std::map<std::string, std::string> environment,
                               std::map<std::string, std::string> flags) {
  for (auto* source : {&flags, &environment}) {
    for (auto& [name, value] : *source) {
      if (name.starts_with(kPrefix)) values_.emplace(name, value);
    }
  }
  const std::string* file = find("FAIRLEAD_CONFIG_FILE");
  if (file == nullptr || file->empty()) return;
  std::string content;
  if (!read_file(*file, content)) {
    problem("FAIRLEAD_CONFIG_FILE: cannot read " + *file);
    return;
  }
  const auto json = nlohmann::json::parse(content, nullptr, false);
  if (!json.is_object()) {
    problem("FAIRLEAD_CONFIG_FILE: " + *file + " is not a JSON object");
    return;
  }
  for (const auto& [key, value] : json.items()) {
    if (value.is_null()) continue;
    if (auto text = setting_text(value)) {
      values_.emplace(std::string(kPrefix) + upper(key), *std::move(text));
    } else {
      problem("FAIRLEAD_CONFIG_FILE: " + key + ": expected a text, a number, true, false or a list of texts");
      ignore(std::string(kPrefix) + upper(key));
    }
  }
}

const std::string* SettingsReader::find(const std::string& name) {
  declared_[name] = true;
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

void SettingsReader::problem(std::string text) { problems_.push_back(std::move(text)); }
void SettingsReader::ignore(const std::string& name) { declared_[name] = true; }

std::string SettingsReader::text(const std::string& name, std::string fallback, const std::string& help) {
  if (const auto* value = find(name)) fallback = *value;
  shown_.push_back({name, fallback, help});
  return fallback;
}

Secret SettingsReader::secret(const std::string& name, const std::string& help) {
  std::string value;
  if (const auto* direct = find(name)) value = *direct;
  if (const auto* file = find(name + "_FILE"); file != nullptr && !file->empty()) {
    if (!value.empty()) problem(name + " and " + name + "_FILE are both set: set one");
    if (!read_file(*file, value)) problem(name + "_FILE: cannot read " + *file);
    while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  }
  shown_.push_back({name, value.empty() ? "" : value.find("://") != std::string::npos ? mask_url(value) : "***", help});
  return Secret(std::move(value));
}

std::int64_t SettingsReader::number(const std::string& name, std::int64_t fallback, std::int64_t min, std::int64_t max,
                                    const std::string& help) {
  if (const auto* value = find(name)) {
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), parsed);
    if (error != std::errc{} || end != value->data() + value->size() || parsed < min || parsed > max) {
      problem(name + ": expected a whole number from " + std::to_string(min) + " to " + std::to_string(max) +
              ", not \"" + *value + "\"");
    } else {
      fallback = parsed;
    }
  }
  shown_.push_back({name, std::to_string(fallback), help});
  return fallback;
}

bool SettingsReader::flag(const std::string& name, bool fallback, const std::string& help) {
  if (const auto* value = find(name)) {
    if (*value == "true" || *value == "1")
      fallback = true;
    else if (*value == "false" || *value == "0")
      fallback = false;
    else
      problem(name + ": expected true or false, not \"" + *value + "\"");
  }
  shown_.push_back({name, fallback ? "true" : "false", help});
  return fallback;
}

Listen SettingsReader::listen(const std::string& name, const std::string& fallback, const std::string& help) {
  const std::string value = text(name, fallback, help);
  const auto colon = std::min(value.rfind(':'), value.size());
  Listen listen{.address = value.substr(0, colon)};
  const bool is_bracketed =
      listen.address.starts_with('[') && listen.address.ends_with(']') && listen.address.size() > 2;
  if (is_bracketed) listen.address = listen.address.substr(1, listen.address.size() - 2);
  const bool is_address =
      is_ip_address(listen.address, AF_INET6) || (!is_bracketed && is_ip_address(listen.address, AF_INET));
  const char* const begin = value.data() + std::min(colon + 1, value.size());
  const auto [end, error] = std::from_chars(begin, value.data() + value.size(), listen.port);
  if (!is_address || error != std::errc{} || end != value.data() + value.size()) {
    problem(name + ": expected ADDRESS:PORT, for example 127.0.0.1:5005 or [::]:5005, not \"" + value + "\"");
  }
  return listen;
}

std::vector<std::string> SettingsReader::list(const std::string& name, const std::string& help) {
  std::vector<std::string> items;
  std::istringstream in(text(name, "", help));
  for (std::string item; std::getline(in, item, ',');) {
    const auto begin = item.find_first_not_of(" \t"), end = item.find_last_not_of(" \t");
    if (begin != std::string::npos) items.push_back(item.substr(begin, end - begin + 1));
  }
  return items;
}

std::vector<std::string> SettingsReader::problems() const {
  auto all = problems_;
  for (const auto& [name, value] : values_) {
    if (!declared_.contains(name)) all.push_back(name + ": no such setting (see --help for the list)");
  }
  return all;
}

CommonSettings read_common_settings(SettingsReader& reader) {
  CommonSettings settings;
  settings.database_url =
      reader.secret("FAIRLEAD_DATABASE_URL", "libpq URI of the database; a Unix socket as ?host=/dir");
  if (settings.database_url.empty())
    reader.problem("FAIRLEAD_DATABASE_URL: required, for example postgresql://fairlead@localhost/fairlead");
  settings.master_key =
      reader.secret("FAIRLEAD_MASTER_KEY", "seals secrets at rest; make one with: fairlead-control keygen");
  if (settings.master_key.empty())
    reader.problem(
        "FAIRLEAD_MASTER_KEY (or FAIRLEAD_MASTER_KEY_FILE): required; make one with: fairlead-control keygen");
  settings.allow_networks =
      reader.list("FAIRLEAD_ALLOW_NETWORKS", "CIDRs that deliveries may reach although the address guard refuses them");
  settings.log_level = reader.text("FAIRLEAD_LOG_LEVEL", "info", "debug, info, warn or error");
  if (!(settings.log_level == "debug" || settings.log_level == "info" || settings.log_level == "warn" ||
        settings.log_level == "error")) {
    reader.problem("FAIRLEAD_LOG_LEVEL: expected debug, info, warn or error, not \"" + settings.log_level + "\"");
  }
  ignore_foreign_settings(reader);
  return settings;
}

void ignore_foreign_settings(SettingsReader& reader) {
  for (const char* name :
       {"FAIRLEAD_MIGRATE_DATABASE_URL", "FAIRLEAD_MIGRATE_DATABASE_URL_FILE", "FAIRLEAD_CONTROL_LISTEN",
        "FAIRLEAD_CONTROL_ADMIN_LISTEN", "FAIRLEAD_DATA_LISTEN", "FAIRLEAD_DATA_ADMIN_LISTEN", "FAIRLEAD_DATA_URL",
        "FAIRLEAD_NODE_NAME", "FAIRLEAD_DNS_SERVERS", "FAIRLEAD_TLS_CA_FILE", "FAIRLEAD_THREADS",
        "FAIRLEAD_DRAIN_SECONDS", "FAIRLEAD_DRAIN_DELAY_SECONDS", "FAIRLEAD_ENDPOINT_CONCURRENCY",
        "FAIRLEAD_CONNECTIONS_MAX", "FAIRLEAD_PAYLOAD_BYTES_MAX"}) {
    reader.ignore(name);
  }
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair(*entry);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos) all.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return all;
}

// Rather too much than too little: a password with an unescaped "@", "/" or "?" hides all up to the last "@".
std::string mask_url(std::string_view url) {
  std::string masked(url);
  const auto scheme = masked.find("://");
  if (scheme == std::string::npos) return masked;
  const auto colon = masked.find(':', scheme + 3), at = masked.rfind('@');
  if (colon != std::string::npos && at != std::string::npos && colon < at)
    masked.replace(colon + 1, at - colon - 1, "***");
  constexpr std::string_view parameter = "password=";  // also sslpassword
  for (auto found = masked.find(parameter); found != std::string::npos; found = masked.find(parameter, found)) {
    found += parameter.size();
    masked.replace(found, std::min(masked.find('&', found), masked.size()) - found, "***");
  }
  return masked;
}

}  // namespace fairlead
