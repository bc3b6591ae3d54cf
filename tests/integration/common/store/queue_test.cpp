#include "common/store/queue.hpp"

#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <thread>

#include "common/store/attempts.hpp"
#include "common/store/ingest.hpp"
#include "common/store/results.hpp"
#include "common/store/tx.hpp"
#include "tests/support/test_database.hpp"

namespace fairlead::store {
namespace {

using fairlead::testing::TestDatabase;
using namespace std::chrono_literals;

template <class Tag>
Id<Tag> id_of(std::uint8_t number) {
  Id<Tag> id;
  id.bytes[15] = number;
  return id;
}

// One project at version 1 and helpers that commit events for it as the data plane does.
class QueueTest : public ::testing::Test {
 protected:
  QueueTest() : connection_(database_.connect()) {
    database_.sql("INSERT INTO organisations VALUES ('" + to_uuid(id_of<OrganisationTag>(1)) +
                  "', 'o', 1, now(), now())");
    database_.sql(
        "INSERT INTO projects (id, organisation_id, name, type, config, config_version, created_at, updated_at) VALUES "
        "('" +
        to_uuid(project_) + "', '" + to_uuid(id_of<OrganisationTag>(1)) + "', 'p', 'outgoing', '{}', 1, now(), now())");
  }

  NewEvent event(std::vector<std::uint8_t> endpoints, std::string key = "", std::string body = "{}") {
    auto content = std::make_shared<EventContent>();
    content->event_type = "t";
    content->body = std::make_shared<const std::string>(std::move(body));
    content->idempotency_key = std::move(key);
    NewEvent made{.id = EventId{ids_.next(now_)},
                  .project = project_,
                  .config_version = 1,
                  .content = std::move(content),
                  .endpoint = std::nullopt,
                  .owner_id = ""};
    for (const auto number : endpoints) {
      made.deliveries.push_back({.id = make_delivery_id(made.id, made.id, id_of<SubscriptionTag>(number)),
                                 .subscription = id_of<SubscriptionTag>(number),
                                 .endpoint = id_of<EndpointTag>(number),
                                 .lane = static_cast<std::int16_t>(number % 64),
                                 .discard_reason = ""});
    }
    return made;
  }

  std::vector<IngestAnswer> commit(const std::vector<NewEvent>& events) {
    IngestBatch batch{.received_at = now_, .events = {}};
    for (const auto& each : events) batch.events.push_back(&each);
    auto answers = connection_.run(TxKind::autocommit, [&](Tx& tx) { return commit_events(tx, batch); });
    EXPECT_TRUE(answers) << answers.error().message;
    return answers ? *answers : std::vector<IngestAnswer>{};
  }

  QueueRow row_of(const NewEvent& event, std::size_t index = 0) const {
    const auto& delivery = event.deliveries[index];
    return {.lane = delivery.lane,
            .project = project_,
            .endpoint = delivery.endpoint,
            .delivery = delivery.id,
            .event = event.id,
            .subscription = delivery.subscription,
            .due = now_,
            .attempt = 0,
            .config_version = 1};
  }

  std::vector<DeliveryId> record(std::vector<DeliveryResult> results) { return record(connection_, results); }
  std::vector<DeliveryId> record(Connection& connection, const std::vector<DeliveryResult>& results) {
    auto recorded = connection.run(TxKind::autocommit, [&](Tx& tx) { return record_results(tx, results, now_); });
    EXPECT_TRUE(recorded) << recorded.error().message;
    return recorded ? *recorded : std::vector<DeliveryId>{};
  }

  static DeliveryResult result(const QueueRow& row, DeliveryStatus status, std::optional<TimePoint> next,
                               int attempts) {
    AttemptRecord attempt;
    attempt.url = "https://hooks.example.test";
    attempt.requested_at = row.due;
    attempt.failure = status == DeliveryStatus::success ? "none" : "http_status";
    attempt.response_body = std::string("\0\xff\"\\", 4);
    return {.row = row,
            .status = status,
            .next_due = next,
            .attempts = attempts,
            .reason = status == DeliveryStatus::success ? "" : "why",
            .attempt = std::make_shared<AttemptRecord>(std::move(attempt))};
  }

  int count(const std::string& table) { return std::stoi(database_.sql("SELECT count(*) FROM " + table)); }

  TestDatabase database_;
  Connection connection_;
  ProjectId project_ = id_of<ProjectTag>(1);
  IdMaker ids_;
  TimePoint now_ = wall_now();
};

// Goal: one statement stores event, deliveries and queue rows, bytes unchanged. Method: two events, one without a
// match.
TEST_F(QueueTest, CommitsABatchWhole) {
  const std::string body("{\"a\": \"\xc3\xa9\", \"n\":1.0e5 }");
  const auto first = event({1, 2}, "", body), second = event({});
  const auto answers = commit({first, second});
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].outcome, IngestOutcome::stored);
  EXPECT_EQ(answers[1].outcome, IngestOutcome::stored);
  EXPECT_EQ(count("events"), 2);
  EXPECT_EQ(count("deliveries"), 2);
  EXPECT_EQ(count("queue"), 2);
  const auto contents =
      connection_.run(TxKind::autocommit, [&](Tx& tx) { return load_contents(tx, {{project_, first.id}}); });
  ASSERT_TRUE(contents);
  ASSERT_EQ(contents->size(), 1U);
  EXPECT_EQ(*contents->front().content->body, body);
}

// Goal: contents are read up to a bound of bytes, and the caller learns how far. Method: one event more than a chunk,
// one unknown among them; a bound that the first chunk reaches, and one that nothing reaches.
TEST_F(QueueTest, LoadsContentsInParts) {
  std::vector<NewEvent> events;
  std::vector<EventKey> keys = {{project_, id_of<EventTag>(77)}};
  for (std::size_t index = 0; index < content_chunk_max; ++index) {
    events.push_back(event({}));
    keys.push_back({project_, events.back().id});
  }
  commit(events);
  const auto load = [&](std::size_t bytes_max) {
    auto part =
        connection_.run(TxKind::autocommit, [&](Tx& tx) { return load_contents_part(tx, keys, bytes_max); }).value();
    return std::pair(part.looked_at, part.contents.size());
  };
  EXPECT_EQ(load(1), std::pair(content_chunk_max, content_chunk_max - 1));
  EXPECT_EQ(load(1 << 20), std::pair(content_chunk_max + 1, content_chunk_max));
}

// Goal: nothing of an event that was matched against an older configuration is stored. Method: raise the project's
// version in between.
TEST_F(QueueTest, RefusesAStaleSnapshot) {
  database_.sql("UPDATE projects SET config_version = 2");
  const auto answers = commit({event({1}, "key")});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].outcome, IngestOutcome::stale);
  EXPECT_EQ(count("events") + count("deliveries") + count("queue") + count("idempotency_keys"), 0);
}

// Goal: a key stands for one content. Method: same content, other content, an expired key.
TEST_F(QueueTest, JudgesIdempotencyKeys) {
  auto first = event({1}, "key");
  first.content_hash.fill(1);
  ASSERT_EQ(commit({first})[0].outcome, IngestOutcome::stored);
  auto again = event({1}, "key");
  again.content_hash.fill(1);
  const auto duplicate = commit({again})[0];
  EXPECT_EQ(duplicate.outcome, IngestOutcome::duplicate);
  EXPECT_EQ(duplicate.first_id, first.id);
  auto other = event({1}, "key");
  other.content_hash.fill(2);
  EXPECT_EQ(commit({other})[0].outcome, IngestOutcome::conflict);
  EXPECT_EQ(count("events"), 1);
  database_.sql("UPDATE idempotency_keys SET expires_at = now() - interval '1 hour'");
  EXPECT_EQ(commit({other})[0].outcome, IngestOutcome::stored);
  EXPECT_EQ(count("events"), 2);
}

// Goal: a result is recorded once, whoever comes second changes nothing. Method: two results for the same row.
TEST_F(QueueTest, FencesByTheQueueRow) {
  const auto made = event({1});
  commit({made});
  const auto row = row_of(made);
  EXPECT_EQ(record({result(row, DeliveryStatus::success, std::nullopt, 1)}).size(), 1U);
  EXPECT_TRUE(record({result(row, DeliveryStatus::retry, now_ + 60s, 1)}).empty());
  EXPECT_EQ(count("queue"), 0);
  EXPECT_EQ(count("attempts"), 0);
  EXPECT_EQ(database_.sql("SELECT status || '/' || (first_attempt IS NOT NULL) FROM deliveries"), "2/true");
}

// Goal: a retry moves the row, counts the attempt, and the old row's result is refused. Method: retry, then both
// attempts' results.
TEST_F(QueueTest, RedatesARetry) {
  const auto made = event({1});
  commit({made});
  auto row = row_of(made);
  ASSERT_EQ(record({result(row, DeliveryStatus::retry, now_ + 60s, 1)}).size(), 1U);
  EXPECT_EQ(database_.sql("SELECT attempt FROM queue"), "1");
  EXPECT_TRUE(record({result(row, DeliveryStatus::success, std::nullopt, 1)}).empty());
  row.due = now_ + 60s;
  row.attempt = 1;
  ASSERT_EQ(record({result(row, DeliveryStatus::failure, std::nullopt, 2)}).size(), 1U);
  EXPECT_EQ(count("queue"), 0);
  EXPECT_EQ(count("attempts"), 2);
  EXPECT_EQ(count("failed_deliveries"), 1);
  EXPECT_EQ(database_.sql("SELECT status || '/' || attempts FROM deliveries"), "3/2");
}

// Goal: a delivery's attempts are all found, whether they stand in its row or in their own. Method: a first success,
// and a failure with a late success, listed and looked up.
TEST_F(QueueTest, FindsAttemptsWhereverTheyStand) {
  const auto first = event({1}), late = event({2});
  commit({first, late});
  auto done = result(row_of(first), DeliveryStatus::success, std::nullopt, 1);
  done.attempt->requested_at = now_ + 1234us;
  done.attempt->status = 204;
  auto row = row_of(late);
  ASSERT_EQ(record({done, result(row, DeliveryStatus::retry, now_ + 60s, 1)}).size(), 2U);
  row.due = now_ + 60s;
  row.attempt = 1;
  ASSERT_EQ(record({result(row, DeliveryStatus::success, std::nullopt, 2)}).size(), 1U);
  const auto list = [&](const DeliveryId& id) {
    return connection_.run(TxKind::autocommit, [&](Tx& tx) { return list_attempts(tx, project_, id); }).value();
  };
  const auto alone = list(done.row.delivery);
  ASSERT_EQ(alone.size(), 1U);
  EXPECT_EQ(alone[0].n, 1);
  EXPECT_EQ(alone[0].endpoint, done.row.endpoint);
  EXPECT_EQ(alone[0].record.requested_at, now_ + 1234us);
  EXPECT_EQ(alone[0].record.status, 204);
  EXPECT_EQ(alone[0].record.failure, "none");
  EXPECT_EQ(alone[0].record.url, done.attempt->url);
  const auto both = list(row.delivery);
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[1].n, 2);
  const auto found = connection_.run(TxKind::autocommit, [&](Tx& tx) {
    return get_attempt(tx, project_, done.row.delivery, attempt_id(done.row.delivery, 1));
  });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->record.status, 204);
}

// Goal: the owner sees due rows in order, and when the next one is due. Method: three due rows, one later, another
// endpoint's.
TEST_F(QueueTest, FetchesDueRowsAndTheNextDueTime) {
  const auto mine = event({1}), later = event({1}), foreign = event({2});
  commit({mine, later, foreign});
  ASSERT_EQ(record({result(row_of(later), DeliveryStatus::retry, now_ + 3600s, 1)}).size(), 1U);
  const auto fetched = connection_.run(TxKind::autocommit, [&](Tx& tx) {
    return fetch_rows(tx, {{.lane = 1, .endpoint = id_of<EndpointTag>(1), .rows_max = 10, .floor = {}}});
  });
  ASSERT_TRUE(fetched) << fetched.error().message;
  ASSERT_EQ(fetched->due.size(), 1U);
  EXPECT_EQ(fetched->due[0].delivery, mine.deliveries[0].id);
  ASSERT_EQ(fetched->later.size(), 1U);
  EXPECT_EQ(fetched->later[0].due, now_ + 3600s);
  const auto scan =
      connection_.run(TxKind::autocommit, [&](Tx& tx) { return scan_due(tx, {{1, {}}, {2, {}}, {3, {}}}); });
  ASSERT_TRUE(scan);
  EXPECT_EQ(scan->endpoints.size(), 2U);
  const auto floored =
      connection_.run(TxKind::autocommit, [&](Tx& tx) { return scan_due(tx, {{1, now_ + 60s}, {2, now_ + 60s}}); });
  ASSERT_TRUE(floored);
  ASSERT_EQ(floored->endpoints.size(), 1U);
  EXPECT_EQ(floored->endpoints[0].due, now_ + 3600s);
}

// Goal: the start mark of an at-most-once delivery and a straggler's move hold only on the row as it was seen. Method:
// change, then change again from the old row.
TEST_F(QueueTest, ChangesARowOnlyAsItWasSeen) {
  const auto made = event({1});
  commit({made});
  const auto row = row_of(made);
  const auto change = [&](RowChange wish) {
    return *connection_.run(TxKind::autocommit, [&](Tx& tx) { return change_rows(tx, {wish}); });
  };
  EXPECT_EQ(change({row, row.due, -1}).size(), 1U);
  EXPECT_TRUE(change({row, row.due, -1}).empty());
  auto marked = row;
  marked.attempt = -1;
  EXPECT_EQ(record({result(marked, DeliveryStatus::success, std::nullopt, 1)}).size(), 1U);
}

// Goal: a chunk and its cursor move together, once. Method: expand twice from the same cursor.
TEST_F(QueueTest, ExpandsAPendingEventOnce) {
  auto made = event({});
  made.is_pending = true;
  made.pending_lane = 3;
  commit({made});
  EXPECT_EQ(database_.sql("SELECT matched_count IS NULL FROM events"), "t");
  const auto pending = connection_.run(TxKind::autocommit, [](Tx& tx) { return list_pending(tx, {3}); });
  ASSERT_TRUE(pending);
  ASSERT_EQ(pending->size(), 1U);
  EXPECT_TRUE(pending->front().is_broadcast);
  const std::vector<NewDelivery> chunk = event({1, 2}).deliveries;
  const auto expand = [&](std::optional<SubscriptionId> next) {
    return *connection_.run(TxKind::read_write,
                            [&](Tx& tx) { return expand_pending(tx, pending->front(), chunk, next, now_); });
  };
  EXPECT_TRUE(expand(id_of<SubscriptionTag>(2)));
  EXPECT_FALSE(expand(id_of<SubscriptionTag>(2)));
  EXPECT_EQ(count("queue"), 2);
  auto second = *connection_.run(TxKind::autocommit, [](Tx& tx) { return list_pending(tx, {3}); });
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].cursor, id_of<SubscriptionTag>(2));
  EXPECT_TRUE(*connection_.run(TxKind::read_write,
                               [&](Tx& tx) { return expand_pending(tx, second[0], {}, std::nullopt, now_); }));
  EXPECT_EQ(database_.sql("SELECT matched_count FROM events"), "2");
  EXPECT_EQ(count("pending_events"), 0);
}

// Goal: updates of deliveries stay HOT. Method: a thousand deliveries finished in one transaction each batch;
// PostgreSQL's own count.
TEST_F(QueueTest, UpdatesDeliveriesInPlace) {
  for (int round = 0; round < 4; ++round) {
    std::vector<NewEvent> events;
    for (int n = 0; n < 250; ++n) events.push_back(event({static_cast<std::uint8_t>(n)}));
    commit(events);
    std::vector<DeliveryResult> results;
    for (const auto& each : events) results.push_back(result(row_of(each), DeliveryStatus::success, std::nullopt, 1));
    EXPECT_EQ(record(results).size(), 250U);
  }
  ASSERT_TRUE(connection_.run(TxKind::autocommit, [](Tx& tx) -> Result<bool> {
    tx.exec_script("SELECT pg_stat_force_next_flush()");
    return true;
  }));
  const std::string day = partition_day(ids_.next(now_));
  const std::string hot =
      database_.sql("SELECT n_tup_hot_upd || '/' || n_tup_upd FROM pg_stat_user_tables WHERE relname = 'deliveries_" +
                    day + "' AND schemaname = current_schema()");
  EXPECT_EQ(hot, "1000/1000");
}

// Goal: a result costs a look-up, whatever the planner knows of the queue. Method: the queue is analysed while it is
// empty and its dead rows are still there; a connection with the data plane's settings records; PostgreSQL's own count
// of index scans (one for all of them would mean that it read the whole index).
TEST_F(QueueTest, RecordsByLookUpAlsoWhenTheQueueWasAnalysedEmpty) {
  const auto commit_many = [&] {
    std::vector<NewEvent> events;
    for (int n = 0; n < 200; ++n) events.push_back(event({static_cast<std::uint8_t>(n)}));
    commit(events);
    std::vector<DeliveryResult> results;
    for (const auto& each : events) results.push_back(result(row_of(each), DeliveryStatus::success, std::nullopt, 1));
    return results;
  };
  const auto flush = [](Connection& connection) {
    EXPECT_TRUE(connection.run(TxKind::autocommit, [](Tx& tx) -> Result<bool> {
      tx.exec_script("SELECT pg_stat_force_next_flush()");
      return true;
    }));
  };
  EXPECT_EQ(record(commit_many()).size(), 200U);
  database_.sql("ANALYZE queue");
  Connection hot({.url = database_.url(), .application_name = "test", .is_hot = true});
  const auto results = commit_many();
  flush(connection_);
  const std::string scans =
      "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'queue_pkey' AND "
      "schemaname = current_schema()";
  const int before = std::stoi(database_.sql(scans));
  EXPECT_EQ(record(hot, results).size(), 200U);
  flush(hot);
  EXPECT_GE(std::stoi(database_.sql(scans)) - before, 200);
}

// Goal: of two that change the same row at the same time, the second changes nothing. Method: a re-date is held open
// while a result of the same row is recorded; the result waits, the re-date is committed.
TEST_F(QueueTest, ALateResultDoesNotTouchARowThatWasRedatedMeanwhile) {
  const auto made = event({1});
  commit({made});
  auto other = database_.connect();
  std::thread late;
  std::vector<DeliveryId> recorded{made.deliveries[0].id};
  ASSERT_TRUE(connection_.run(TxKind::read_write, [&](Tx& tx) -> Result<bool> {
    FL_TRY(const auto changed, change_rows(tx, {{row_of(made), now_ + 60s, 1}}));
    EXPECT_EQ(changed.size(), 1U);
    late = std::thread([&] {
      const std::vector<DeliveryResult> results{result(row_of(made), DeliveryStatus::success, std::nullopt, 1)};
      recorded =
          other.run(TxKind::autocommit, [&](Tx& late_tx) { return record_results(late_tx, results, now_); }).value();
    });
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (tx.exec_script("SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))")
               .empty()) {
      if (std::chrono::steady_clock::now() > deadline) return fail(Code::internal, "nobody waited");
      std::this_thread::yield();
    }
    return true;
  }));
  late.join();
  EXPECT_TRUE(recorded.empty());
  EXPECT_EQ(count("queue"), 1);
  EXPECT_EQ(count("attempts"), 0);
  EXPECT_EQ(database_.sql("SELECT attempt FROM queue"), "1");
}

}  // namespace
}  // namespace fairlead::store
