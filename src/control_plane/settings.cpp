#include "control_plane/settings.hpp"

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
  settings.threads = static_cast<int>(reader.number("FAIRLEAD_THREADS", 2, 1, 64, "threads that serve requests"));
  if (const auto url = net::parse_internal_url(settings.data_url); !url)
    reader.problem("FAIRLEAD_DATA_URL: " + url.error().message);
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
