#include "control_plane/settings.hpp"

#include <unistd.h>

#include "common/crypto/seal.hpp"
#include "common/net/address_guard.hpp"

namespace fairlead::control {
namespace {

constexpr const char* kMigrateUrl = "FAIRLEAD_MIGRATE_DATABASE_URL";
constexpr const char* kMigrateHelp =
    "libpq URI used for migrations, when the tables belong to another role; default: the database URL";

}  // namespace

ReadSettings read_settings(std::map<std::string, std::string> environment, std::map<std::string, std::string> flags) {
  SettingsReader reader(std::move(environment), std::move(flags));
  ReadSettings read;
  auto& settings = read.settings;
  settings.common = read_common_settings(reader);
  settings.migrate_database_url = reader.secret(kMigrateUrl, kMigrateHelp);
  settings.listen =
      reader.listen("FAIRLEAD_CONTROL_LISTEN", "127.0.0.1:5005", "address and port of the management API");
  settings.admin_listen = reader.listen("FAIRLEAD_CONTROL_ADMIN_LISTEN", "127.0.0.1:5006",
                                        "address and port of /healthz, /readyz and /metrics");
  settings.data_url = reader.text("FAIRLEAD_DATA_URL", "http://127.0.0.1:5008",
                                  "base URL of the data plane that created events are passed on to");
  settings.dns_servers =
      reader.list("FAIRLEAD_DNS_SERVERS", "DNS servers as ADDRESS[:PORT], comma separated; default: the system's");
  settings.tls_ca_file =
      reader.text("FAIRLEAD_TLS_CA_FILE", "", "PEM file with a further certificate authority that endpoints may use");
  settings.public_url = reader.text(
      "FAIRLEAD_PUBLIC_URL", "", "base URL under which clients reach this API, for links; default: the request's Host");
  settings.threads = static_cast<int>(reader.number("FAIRLEAD_THREADS", 2, 1, 64, "threads that serve requests"));
  settings.requests_per_minute_max = static_cast<int>(
      reader.number("FAIRLEAD_API_REQUESTS_PER_MINUTE_MAX", 0, 0, 100'000'000,
                    "requests that this process answers in a minute, of all keys together and events' creation aside; "
                    "0: no limit"));
  if (const auto url = net::parse_internal_url(settings.data_url); !url)
    reader.problem("FAIRLEAD_DATA_URL: " + url.error().message);
  if (!settings.tls_ca_file.empty() && access(settings.tls_ca_file.c_str(), R_OK) != 0) {
    reader.problem("FAIRLEAD_TLS_CA_FILE: cannot read " + settings.tls_ca_file);
  }
  while (settings.public_url.ends_with('/')) settings.public_url.pop_back();
  if (!settings.public_url.empty() && !net::parse_internal_url(settings.public_url))
    reader.problem("FAIRLEAD_PUBLIC_URL: expected an http or https URL");
  if (const auto guard = net::AddressGuard::from_allowed(settings.common.allow_networks); !guard) {
    reader.problem("FAIRLEAD_ALLOW_NETWORKS: " + guard.error().message);
  }
  if (!settings.common.master_key.empty()) {
    if (const auto sealer = crypto::Sealer::from_text(settings.common.master_key); !sealer) {
      reader.problem("FAIRLEAD_MASTER_KEY: " + sealer.error().message);
    }
  }
  read.problems = reader.problems();
  read.shown = reader.shown();
  return read;
}

DatabaseSettings read_database_settings(std::map<std::string, std::string> environment,
                                        std::map<std::string, std::string> flags) {
  SettingsReader reader(std::move(environment), std::move(flags));
  DatabaseSettings settings;
  settings.database_url = reader.secret("FAIRLEAD_DATABASE_URL", "");
  settings.migrate_database_url = reader.secret(kMigrateUrl, "");
  settings.log_level = reader.text("FAIRLEAD_LOG_LEVEL", "info", "");
  if (settings.database_url.empty()) {
    settings.problems.emplace_back(
        "FAIRLEAD_DATABASE_URL: required, for example postgresql://fairlead@localhost/fairlead");
  }
  return settings;
}

}  // namespace fairlead::control
