// Fills a migrated database with as many endpoints, subscriptions, events and deliveries as asked for, in the shape
// that the programs write: configuration through the store's own rooms (secrets sealed, versions stamped), events by
// sets.
#include <libpq-fe.h>

#include <CLI/CLI.hpp>
#include <array>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "common/crypto/digest.hpp"
#include "common/crypto/seal.hpp"
#include "common/store/attempt_detail.hpp"
#include "common/store/config_change.hpp"
#include "common/store/endpoints.hpp"
#include "common/store/queue.hpp"
#include "common/store/subscriptions.hpp"
#include "payload.hpp"

namespace fairlead::bench {
namespace {

constexpr int kRowsATransaction = 10'000;
constexpr std::int64_t kEventsAStatement = 50'000;
constexpr std::string_view kSecretAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

struct Options {
  std::string database, project, master_key_file;
  int endpoints = 0, subscriptions = 0;
  std::string url = "http://127.0.0.1:9/e/{n}", owner, event_type = "*";
  std::string endpoints_in, endpoints_out;
  std::int64_t events = 0;
  int fan_out = 1;
  bool is_finished = false;
  std::size_t payload_bytes = 1024;
  std::uint32_t run = 0;
  double due_in_seconds = 0, due_over_seconds = 0;
  int days = 0, age_days = 0;
};

template <class T>
T value_of(Result<T> result, const std::string& what) {
  if (!result) throw std::runtime_error(what + ": " + result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::string numbered(std::string text, int number) {
  if (const auto at = text.find("{n}"); at != std::string::npos) text.replace(at, 3, std::to_string(number));
  return text;
}

crypto::Sealer read_sealer(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text)) throw std::runtime_error("no master key in " + path);
  return value_of(crypto::Sealer::from_text(Secret(text)), path);
}

std::vector<EndpointId> read_endpoints(const std::string& path) {
  std::vector<EndpointId> ids;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto id = parse_id<EndpointTag>(line);
    if (!id) throw std::runtime_error(path + " holds what is no endpoint id: " + line);
    ids.push_back(*id);
  }
  return ids;
}

class Seed {
 public:
  explicit Seed(Options options)
      : options_(std::move(options)),
        connection_({.url = options_.database, .application_name = "fairlead-bench seed"}),
        project_(parse_id<ProjectTag>(options_.project).value()) {
    if (!options_.endpoints_in.empty()) endpoints_ = read_endpoints(options_.endpoints_in);
  }

  void run() {
    if (options_.endpoints > 0) make_endpoints();
    if (options_.subscriptions > 0) make_subscriptions();
    if (options_.events > 0) make_events();
    if (options_.endpoints_out.empty()) return;
    std::ofstream file(options_.endpoints_out);
    for (const auto& id : endpoints_) file << to_text(id) << '\n';
  }

 private:
  void make_endpoints() {
    const auto sealer = read_sealer(options_.master_key_file);
    endpoints_.clear();
    in_transactions(options_.endpoints, "endpoints", [&](store::Tx& tx, std::int64_t version, int number) {
      const auto now = wall_now();
      const EndpointId id{ids_.next(now)};
      store::Endpoint endpoint{.project = project_,
                               .id = id,
                               .name = "bench-" + std::to_string(number),
                               .url = numbered(options_.url, number),
                               .owner_id = options_.owner,
                               .created_at = now,
                               .updated_at = now};
      endpoint.secrets.push_back({.id = SecretId{ids_.next(now)},
                                  .sealed = sealer.seal(crypto::random_text(25, kSecretAlphabet), to_text(id)),
                                  .created_at = now,
                                  .updated_at = now});
      endpoints_.push_back(id);
      return store::insert_endpoint(tx, endpoint, version);
    });
  }

  void make_subscriptions() {
    if (endpoints_.empty()) throw std::runtime_error("subscriptions need endpoints: --endpoints or --endpoints-in");
    in_transactions(options_.subscriptions, "subscriptions", [&](store::Tx& tx, std::int64_t version, int number) {
      const auto now = wall_now();
      return store::insert_subscription(tx,
                                        {.project = project_,
                                         .id = SubscriptionId{ids_.next(now)},
                                         .endpoint = endpoints_[static_cast<std::size_t>(number) % endpoints_.size()],
                                         .name = "bench-" + std::to_string(number),
                                         .event_types = {numbered(options_.event_type, number)},
                                         .created_at = now,
                                         .updated_at = now},
                                        version);
    });
  }

  template <class Insert>
  void in_transactions(int count, const std::string& what, const Insert& insert) {
    for (int from = 0; from < count; from += kRowsATransaction) {
      const auto work = [&](store::Tx& tx) -> Result<void> {
        FL_TRY(const auto version, store::begin_project_change(tx, project_));
        for (int number = from; number < std::min(count, from + kRowsATransaction); ++number) {
          FL_TRY_VOID(insert(tx, version, number));
        }
        return {};
      };
      value_of(connection_.run(store::TxKind::read_write, work), what);
    }
  }

  void make_events();

  Options options_;
  store::Connection connection_;
  ProjectId project_;
  IdMaker ids_;
  std::vector<EndpointId> endpoints_;
};

// $1 project, $2 endpoints, $3 lanes, $4 first number, $5 last number, $6 salt, $7 body before the sequence, $8 behind,
// $9 first due time in seconds since 1970, $10 seconds that the due times are spread over, $11 seconds that the events'
// times are spread over, back from $13 seconds ago, $12 all numbers, $14 deliveries of an event; of finished ones $15
// the detail of an attempt that failed, $16 one that did not.
constexpr const char* kNumbersSql = R"sql(
WITH places AS (
  SELECT p.n - 1 AS place, p.endpoint_id, p.lane,
         (SELECT s.id FROM subscriptions s WHERE s.project_id = $1 AND s.endpoint_id = p.endpoint_id
           ORDER BY s.id LIMIT 1) AS subscription_id
    FROM unnest($2::uuid[], $3::smallint[]) WITH ORDINALITY p(endpoint_id, lane, n)),
g AS MATERIALIZED (
  SELECT n, f, p.*, lpad(to_hex((extract(epoch FROM t.at) * 1000)::bigint), 12, '0') AS head, t.at,
         to_timestamp($9::float8 + $10::float8 * n / $12::float8) AS due
    FROM generate_series($4::bigint, $5::bigint) n CROSS JOIN generate_series(0, $14::int - 1) f
    JOIN places p ON p.place = (n + f) % (SELECT count(*) FROM places)
    CROSS JOIN LATERAL (SELECT now() - make_interval(secs => $13::float8 + $11::float8 * n / $12::float8) AS at) t),
i AS MATERIALIZED (
  SELECT g.*, (head || substr(md5('e' || $6 || n), 1, 20))::uuid AS event_id,
         (head || substr(md5('d' || $6 || n || '/' || f), 1, 20))::uuid AS delivery_id FROM g),
e AS (
  INSERT INTO events (project_id, id, event_type, body, endpoint_id, received_at, matched_count)
  SELECT $1, event_id, 'bench.ticked', convert_to($7 || lpad(n::text, 10, '0') || $8, 'UTF8'), endpoint_id, at, $14::int
    FROM i WHERE f = 0))sql";
constexpr const char* kQueuedSql = R"sql(,
d AS (
  INSERT INTO deliveries (project_id, id, event_id, endpoint_id, subscription_id, created_at, updated_at, next_at,
                          status)
  SELECT $1, delivery_id, event_id, endpoint_id, subscription_id, at, at, due, 0 FROM i)
INSERT INTO queue (lane, endpoint_id, due_at, delivery_id, project_id, event_id, subscription_id, config_version)
SELECT lane, endpoint_id, due, delivery_id, $1, event_id, subscription_id, 0 FROM i)sql";
// One in twenty failed for good.
constexpr const char* kFinishedSql = R"sql(,
d AS (
  INSERT INTO deliveries (project_id, id, event_id, endpoint_id, subscription_id, created_at, updated_at, status,
                          attempts, last_status, first_attempt)
  SELECT $1, delivery_id, event_id, endpoint_id, subscription_id, at, at, CASE WHEN n % 20 = 0 THEN 3 ELSE 2 END, 1,
         CASE WHEN n % 20 = 0 THEN 500 ELSE 200 END, CASE WHEN n % 20 > 0 THEN decode($16, 'hex') END FROM i),
f AS (
  INSERT INTO failed_deliveries (project_id, delivery_id, endpoint_id, failed_at)
  SELECT $1, delivery_id, endpoint_id, at FROM i WHERE n % 20 = 0)
INSERT INTO attempts (project_id, delivery_id, n, requested_at, status, failure, detail)
SELECT $1, delivery_id, 1, at, 500, 'http_status', decode($15, 'hex') FROM i WHERE n % 20 = 0)sql";

const DeliveryId kEpochId{};
// The same for every delivery: answered within a millisecond.
store::AttemptRecord make_attempt(int status) {
  const TimePoint at{};  // as kEpochId: an attempt is kept relative to its delivery
  return {.url = "http://127.0.0.1/e/1",
          .address = "127.0.0.1:80",
          .requested_at = at,
          .responded_at = at + std::chrono::milliseconds(1),
          .status = status,
          .request_headers = {{"Content-Type", "application/json"}},
          .response_headers = {{"Content-Type", "application/json"}},
          .response_body = R"({"ok":true})",
          .phases_us = {-1, -1, -1, 900, 1000}};
}

using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

void expect(PGconn* connection, PGresult* raw) {
  const Answer answer(raw, &PQclear);
  const auto status = PQresultStatus(answer.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error(PQerrorMessage(connection));
}

void Seed::make_events() {
  if (endpoints_.empty()) throw std::runtime_error("events need endpoints: --endpoints or --endpoints-in");
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(options_.database.c_str()), &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  const int lanes = value_of(connection_.run(store::TxKind::autocommit, &store::lane_count), "lanes");
  std::string ids = "{", numbers = "{";
  for (const auto& id : endpoints_) {
    ids += (ids.size() > 1 ? "," : "") + to_uuid(id);
    numbers += (numbers.size() > 1 ? "," : "") + std::to_string(store::lane_of(id.bytes, lanes));
  }
  ids += "}";
  numbers += "}";
  Payload payload(options_.payload_bytes);
  const std::string body(payload.stamped({.run = options_.run, .sequence = 0, .sent_ns = 0}));
  constexpr std::string_view sequence = "-0000000000-";
  const auto at = body.find(sequence) + 1;
  const std::string before = body.substr(0, at), behind = body.substr(at + sequence.size() - 2);
  const std::string project = to_uuid(project_), salt = to_uuid(EventId{ids_.next(wall_now())}),
                    first_due = std::to_string(std::chrono::duration<double>(wall_now().time_since_epoch()).count() +
                                               options_.due_in_seconds),
                    due_over = std::to_string(options_.due_over_seconds),
                    past = std::to_string(options_.days * 86400.0), age = std::to_string(options_.age_days * 86400.0),
                    failed = crypto::to_hex(store::encode_detail(make_attempt(500), kEpochId)),
                    answered = crypto::to_hex(store::encode_first_attempt(make_attempt(200), kEpochId)),
                    all = std::to_string(options_.events), fan_out = std::to_string(options_.fan_out);
  if (options_.days > 0) {
    const std::string make = "SELECT make_partitions(current_date - " + std::to_string(options_.days + 1) + ", " +
                             std::to_string(options_.days + 1) + ")";
    expect(connection.get(), PQexec(connection.get(), make.c_str()));
  }
  const std::string sql = std::string(kNumbersSql) + (options_.is_finished ? kFinishedSql : kQueuedSql);
  const int parameters = options_.is_finished ? 16 : 14;  // as many as the statement names
  for (std::int64_t from = 0; from < options_.events; from += kEventsAStatement) {
    const std::string first = std::to_string(from),
                      last = std::to_string(std::min(options_.events, from + kEventsAStatement) - 1);
    const std::array<const char*, 16> values{project.c_str(),   ids.c_str(),      numbers.c_str(), first.c_str(),
                                             last.c_str(),      salt.c_str(),     before.c_str(),  behind.c_str(),
                                             first_due.c_str(), due_over.c_str(), past.c_str(),    all.c_str(),
                                             age.c_str(),       fan_out.c_str(),  failed.c_str(),  answered.c_str()};
    expect(connection.get(),
           PQexecParams(connection.get(), sql.c_str(), parameters, nullptr, values.data(), nullptr, nullptr, 0));
  }
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("--database", options.database, "libpq connection string of a role that owns or may write the tables")
      ->required();
  app.add_option("--project", options.project, "project id")->required();
  app.add_option("--master-key-file", options.master_key_file, "what endpoints' secrets are sealed with")
      ->check(CLI::ExistingFile);
  app.add_option("--endpoints", options.endpoints, "endpoints to make")->check(CLI::Range(0, 1'000'000));
  app.add_option("--url", options.url, "their URL; {n} is their number")->capture_default_str();
  app.add_option("--owner-id", options.owner, "their owner");
  app.add_option("--endpoints-in", options.endpoints_in, "use the endpoints with these ids, one a line, instead")
      ->check(CLI::ExistingFile);
  app.add_option("--endpoints-out", options.endpoints_out, "write the endpoints' ids to this file");
  app.add_option("--subscriptions", options.subscriptions, "subscriptions to make, to the endpoints in turn")
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--event-type", options.event_type, "what they select; {n} is their number")->capture_default_str();
  app.add_option("--events", options.events, "events to make, to the endpoints in turn")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{100'000'000}));
  app.add_option("--fan-out", options.fan_out, "deliveries of each event, to so many endpoints in a row")
      ->check(CLI::Range(1, 100));
  app.add_flag("--finished", options.is_finished, "their deliveries are over (one in twenty failed), not in the queue");
  app.add_option("--payload-bytes", options.payload_bytes, "size of the events' data")
      ->check(CLI::Range(Payload::kBytesMin, std::size_t{1} << 20))
      ->capture_default_str();
  app.add_option("--run", options.run, "number in their stamps")->capture_default_str();
  app.add_option("--due-in", options.due_in_seconds, "seconds until the first delivery is due")->capture_default_str();
  app.add_option("--due-over", options.due_over_seconds, "seconds over which they become due")->capture_default_str();
  app.add_option("--days", options.days, "spread the events over so many past days, making their partitions")
      ->check(CLI::Range(0, 58));
  app.add_option("--age-days", options.age_days, "their times end so many days ago; the partitions must be there")
      ->check(CLI::Range(0, 3650));
}

int run(int count, char** arguments) {
  CLI::App app{"Fills a migrated Fairlead database for measurements."};
  Options options;
  add_options(app, options);
  CLI11_PARSE(app, count, arguments);
  if (!parse_id<ProjectTag>(options.project)) throw std::runtime_error("--project is no id");
  if (options.endpoints > 0 && options.master_key_file.empty()) throw std::runtime_error("name --master-key-file");
  Seed(std::move(options)).run();
  return 0;
}

}  // namespace
}  // namespace fairlead::bench

int main(int count, char** arguments) {
  try {
    return fairlead::bench::run(count, arguments);
  } catch (const std::exception& error) {
    std::cerr << "fairlead_bench_seed: " << error.what() << '\n';
    return 1;
  }
}
