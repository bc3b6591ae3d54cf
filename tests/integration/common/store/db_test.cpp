#include "common/store/db.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "common/core/clock.hpp"
#include "common/store/answer_deadline.hpp"
#include "common/store/tx.hpp"
#include "tests/support/test_database.hpp"

namespace fairlead::store {
namespace {

using fairlead::testing::TestDatabase;
using namespace std::chrono_literals;

// Runs one statement on a pool and waits for its answer.
Result<std::string> ask(Db& db, const std::string& sql) {
  boost::asio::io_context context;
  auto work = [sql](Tx& tx) -> Result<std::string> {
    const auto rows = tx.exec_script(sql);
    return rows.empty() ? std::string() : as_text(rows[0][0]);
  };
  auto answer = boost::asio::co_spawn(context, db.run(TxKind::autocommit, work), boost::asio::use_future);
  context.run();
  return answer.get();
}

// Goal: a server that keeps no time limit cannot hold a thread of the pool; the outcome is unknown, and the next
// statement has a new connection. Method: the session's own limit is switched off, so that only the client's is left;
// then ask again.
TEST(Db, GivesUpOnAServerThatDoesNotAnswer) {
  const TestDatabase database;
  Db db({.url = database.url(), .application_name = "test", .connections = 1, .statement_timeout = 200ms});
  ASSERT_TRUE(ask(db, "SET statement_timeout = 0"));
  const auto begin = Steady::now();
  const auto answer = ask(db, "SELECT pg_sleep(60)");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "database_unavailable") << answer.error().message;
  EXPECT_LT(Steady::now() - begin, 30s);
  EXPECT_EQ(ask(db, "SELECT 'here again'"), "here again");
  EXPECT_EQ(ask(db, "SHOW statement_timeout"), "200ms");
}

// Goal: a connection that nobody waits for is not cut, however the last work ended. Method: a success, a work that
// fails by value, a statement that is refused; after each the watch looks in a day's time, and the next one meets the
// same backend.
TEST(Db, LeavesAnIdleConnectionAlone) {
  const TestDatabase database;
  Connection connection({.url = database.url(), .application_name = "test"});
  const auto run = [&](const std::string& sql, bool fails) {
    return connection.run(TxKind::read_write, [&](Tx& tx) -> Result<std::string> {
      const auto rows = tx.exec_script(sql);
      if (fails) return fail(Code::conflict, "as asked");
      return as_text(rows[0][0]);
    });
  };
  const auto backend = run("SELECT pg_backend_pid()", false);
  ASSERT_TRUE(backend);
  const auto look_tomorrow = [&] { connection.deadline()->cut_if_overdue(Steady::now() + 24h); };
  look_tomorrow();
  EXPECT_EQ(run("SELECT pg_backend_pid()", false), *backend);
  EXPECT_FALSE(run("SELECT 1", true));
  look_tomorrow();
  EXPECT_EQ(run("SELECT pg_backend_pid()", false), *backend);
  EXPECT_FALSE(run("SELECT 1/0", false));
  look_tomorrow();
  EXPECT_EQ(run("SELECT pg_backend_pid()", false), *backend);
}

}  // namespace
}  // namespace fairlead::store
