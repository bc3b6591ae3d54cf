#include "control_plane/migrations.hpp"

#include <spdlog/spdlog.h>

#include <thread>

#include "common/core/clock.hpp"
#include "common/store/db.hpp"
#include "common/store/migrator.hpp"

namespace fairlead::control {
namespace {

store::Connection connect(const Secret& url) {
  return store::Connection({.url = url.reveal(), .application_name = "fairlead-control migrate"});
}

}  // namespace

Result<void> wait_for_database(const Secret& url, std::chrono::seconds patience) {
  const auto deadline = Steady::now() + patience;
  for (;;) {
    auto connection = connect(url);
    const auto version = connection.run(store::TxKind::autocommit, &store::schema_version);
    if (version) return {};
    if (version.error().code != Code::unavailable || Steady::now() >= deadline) return std::unexpected(version.error());
    spdlog::warn("database_away error={}", version.error().message);
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

Result<std::vector<std::string>> migrate_database(const Secret& url) {
  auto connection = connect(url);
  return store::migrate(connection);
}

Result<void> check_schema(const Secret& url) {
  auto connection = connect(url);
  FL_TRY(const int version, connection.run(store::TxKind::autocommit, &store::schema_version));
  if (version >= store::newest_migration()) return {};
  return fail(Code::conflict, "the schema is at migration " + std::to_string(version) + ", this program needs " +
                                  std::to_string(store::newest_migration()) + ": run fairlead-control migrate");
}

}  // namespace fairlead::control
