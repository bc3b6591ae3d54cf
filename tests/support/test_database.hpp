// A schema of its own for each test, migrated, in the database that FAIRLEAD_TEST_DATABASE_URL names; dropped at the
// end.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <pqxx/pqxx>
#include <string>

#include "common/store/db.hpp"
#include "common/store/migrator.hpp"

namespace fairlead::testing {

class TestDatabase {
 public:
  TestDatabase() {
    const char* url = std::getenv("FAIRLEAD_TEST_DATABASE_URL");
    if (url == nullptr) throw std::runtime_error("FAIRLEAD_TEST_DATABASE_URL is not set: run scripts/test");
    base_url_ = url;
    static std::atomic<int> count = 0;
    schema_ = "test_" + std::to_string(getpid()) + "_" + std::to_string(count++);
    pqxx::connection connection(base_url_);
    pqxx::nontransaction(connection).exec("CREATE SCHEMA " + schema_);
    store::Connection owner({.url = this->url(), .application_name = "test"});
    // Group roles belong to the whole server, and two tests may make them at the same time: the second try finds them
    // made.
    auto migrated = store::migrate(owner);
    for (int round = 0; round < 10 && !migrated; ++round) migrated = store::migrate(owner);
    if (!migrated) throw std::runtime_error("migration failed: " + migrated.error().message);
  }
  ~TestDatabase() {
    pqxx::connection connection(base_url_);
    pqxx::nontransaction(connection).exec("DROP SCHEMA " + schema_ + " CASCADE");
  }
  TestDatabase(const TestDatabase&) = delete;

  // The same database, with the test's schema as search path.
  [[nodiscard]] std::string url() const {
    return base_url_ + (base_url_.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + schema_;
  }
  [[nodiscard]] store::Connection connect() const {
    return store::Connection({.url = url(), .application_name = "test"});
  }
  // Runs SQL as it stands; the first column of the first row, or "".
  std::string sql(const std::string& text) const {
    pqxx::connection connection(url());
    const auto rows = pqxx::nontransaction(connection).exec(text);
    return rows.empty() || rows.columns() == 0 || rows[0][0].is_null() ? "" : rows[0][0].c_str();
  }

 private:
  std::string base_url_, schema_;
};

}  // namespace fairlead::testing
