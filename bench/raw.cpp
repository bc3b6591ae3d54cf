// The raw limits of the same PostgreSQL: rows of the payload's size, one a commit or many a commit, and nothing else.
// CPU and WAL are measured from outside, by the same code that measures the real thing (lib/measure.py).
#include <libpq-fe.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "clock.hpp"
#include "histogram.hpp"
#include "pace.hpp"

namespace fairlead::bench {
namespace {

struct Options {
  std::string database;
  int connections = 1;
  int batch = 1;
  double seconds = 5;
  double rate = 0;  // statements a second of each connection; 0: one after the other
  std::size_t row_bytes = 1024;
};

struct Worker {
  std::uint64_t rows = 0;
  Histogram commits;
  std::string failure;
};

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

constexpr const char* kCreateSql =
    "CREATE TABLE IF NOT EXISTS bench_raw (id uuid PRIMARY KEY, body text NOT NULL); TRUNCATE bench_raw";
constexpr const char* kInsertSql = "INSERT INTO bench_raw (id, body) SELECT * FROM unnest($1::uuid[], $2::text[])";
constexpr const char* kInsertOneSql = "INSERT INTO bench_raw (id, body) VALUES ($1::uuid, $2::text)";

Connection connect(const std::string& database) {
  Connection connection(PQconnectdb(database.c_str()), &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  return connection;
}

void expect(PGconn* connection, PGresult* raw, ExecStatusType status) {
  const Answer answer(raw, &PQclear);
  if (PQresultStatus(answer.get()) != status) throw std::runtime_error(PQerrorMessage(connection));
}

// Ordered by time, as real ids are; `worker` keeps those of two connections apart.
std::string make_id(std::int64_t ns, int worker, int index) {
  std::array<char, 37> text{};
  const auto time = static_cast<std::uint64_t>(ns);
  std::snprintf(text.data(), text.size(), "%08x-%04x-%04x-%04x-%012x", static_cast<unsigned>(time >> 32U),
                static_cast<unsigned>((time >> 16U) & 0xffffU), static_cast<unsigned>(time & 0xffffU),
                static_cast<unsigned>(worker), static_cast<unsigned>(index));
  return text.data();
}

// Letters only: a body that needs no escaping in an array's text form is the fastest that raw can be.
std::string make_body(std::size_t bytes) {
  std::string body(bytes, ' ');
  for (std::size_t index = 0; index < bytes; ++index) body[index] = static_cast<char>('a' + index * 7 % 26);
  return body;
}

// Statements of one connection, at the rate asked for or one after the other; every statement is a commit.
void insert_for(PGconn* connection, const Options& options, int number, std::int64_t begin_ns, Worker& worker) {
  const auto body = make_body(options.row_bytes);
  std::string bodies = "{";
  for (int row = 0; row < options.batch; ++row) bodies += (row == 0 ? "" : ",") + body;
  bodies += "}";
  const bool is_single = options.batch == 1;
  expect(connection, PQprepare(connection, "insert", is_single ? kInsertOneSql : kInsertSql, 2, nullptr),
         PGRES_COMMAND_OK);
  std::string ids;
  Pace pace({.rate = options.rate, .seconds = options.seconds}, begin_ns);
  for (auto now = now_ns(); !pace.is_over(now); now = now_ns()) {
    pace.advance(now);
    const auto ticket = pace.take(now);
    if (!ticket) {
      std::this_thread::sleep_for(std::chrono::nanoseconds(pace.wake_ns() - now));
      continue;
    }
    ids = is_single ? "" : "{";
    for (int row = 0; row < options.batch; ++row) ids += (row == 0 ? "" : ",") + make_id(now, number, row);
    if (!is_single) ids += "}";
    const std::array<const char*, 2> values{ids.c_str(), is_single ? body.c_str() : bodies.c_str()};
    expect(connection, PQexecPrepared(connection, "insert", 2, values.data(), nullptr, nullptr, 0), PGRES_COMMAND_OK);
    worker.commits.add(now_ns() - ticket->due_ns);
    worker.rows += static_cast<std::uint64_t>(options.batch);
  }
}

nlohmann::json measure(const Options& options) {
  std::vector<Connection> connections;
  for (int index = 0; index < options.connections; ++index) connections.push_back(connect(options.database));
  expect(connections[0].get(), PQexec(connections[0].get(), kCreateSql), PGRES_COMMAND_OK);
  std::vector<Worker> workers(connections.size());
  std::vector<std::thread> threads;
  const auto begin = now_ns();
  for (std::size_t index = 0; index < workers.size(); ++index) {
    threads.emplace_back([&, index] {
      try {
        insert_for(connections[index].get(), options, static_cast<int>(index), begin, workers[index]);
      } catch (const std::exception& error) {
        workers[index].failure = error.what();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const double span = static_cast<double>(now_ns() - begin) / 1e9;
  Worker all;
  for (const auto& worker : workers) {
    if (!worker.failure.empty()) throw std::runtime_error(worker.failure);
    all.rows += worker.rows;
    all.commits.merge(worker.commits);
  }
  const auto used = cpu_used();
  return {{"connections", options.connections},
          {"batch", options.batch},
          {"row_bytes", options.row_bytes},
          {"rate", options.rate},
          {"events", all.rows},
          {"seconds", span},
          {"events_per_second", static_cast<double>(all.rows) / span},
          {"commit", all.commits.to_json()},
          {"user_s", used.user_s},
          {"system_s", used.system_s}};
}

int run(int count, char** arguments) {
  CLI::App app{
      "Inserts rows into a table of its own (bench_raw, made if absent and emptied) and prints rate and commit times."};
  Options options;
  app.add_option("--database", options.database, "libpq connection string")->required();
  app.add_option("--connections", options.connections, "connections, a thread each")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--batch", options.batch, "rows a commit; 1: a plain single-row insert")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.01, 3600.0))->capture_default_str();
  app.add_option("--rate", options.rate, "statements a second of each connection; 0: one after the other")
      ->check(CLI::Range(0.0, 1e5))
      ->capture_default_str();
  app.add_option("--row-bytes", options.row_bytes)
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 20))
      ->capture_default_str();
  CLI11_PARSE(app, count, arguments);
  std::cout << measure(options).dump() << std::endl;
  return 0;
}

}  // namespace
}  // namespace fairlead::bench

int main(int count, char** arguments) {
  try {
    return fairlead::bench::run(count, arguments);
  } catch (const std::exception& error) {
    std::cerr << "fairlead_bench_raw: " << error.what() << '\n';
    return 1;
  }
}
