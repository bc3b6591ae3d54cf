#include <gtest/gtest.h>

#include <functional>
#include <pqxx/pqxx>

#include "common/store/id_range.hpp"
#include "common/store/ingest.hpp"
#include "common/store/job_selection.hpp"
#include "common/store/resend.hpp"
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

// One project at version 1 with events whose deliveries were committed as the data plane does.
class JobsTest : public ::testing::Test {
 protected:
  JobsTest() : connection_(database_.connect()) {
    const auto organisation = to_uuid(id_of<OrganisationTag>(1)), project = to_uuid(project_);
    database_.sql("INSERT INTO organisations VALUES ('" + organisation + "', 'o', 1, now(), now())");
    database_.sql(
        "INSERT INTO projects (id, organisation_id, name, type, config, config_version, created_at, updated_at) VALUES "
        "('" +
        project + "', '" + organisation + "', 'p', 'outgoing', '{}', 1, now(), now())");
    for (const std::uint8_t number : {1, 2}) {
      database_.sql(
          "INSERT INTO endpoints (project_id, id, name, url, status, secrets, version, created_at, updated_at) VALUES "
          "('" +
          project + "', '" + to_uuid(id_of<EndpointTag>(number)) +
          "', 'e', 'https://e.example.test', 'active', '[]', 1, now(), now())");
    }
  }

  template <class F>
  auto run(TxKind kind, F work) {
    auto answer = connection_.run(kind, work);
    EXPECT_TRUE(answer) << answer.error().message;
    return std::move(answer).value();
  }

  // Addressed to an endpoint, and delivered to it unless it is discarded at once.
  NewEvent commit(std::uint8_t endpoint, const std::string& discard_reason = "", bool is_pending = false) {
    auto content = std::make_shared<EventContent>();
    content->event_type = "t";
    content->body = std::make_shared<const std::string>("{}");
    NewEvent event{.id = EventId{ids_.next(now_)},
                   .project = project_,
                   .config_version = 1,
                   .content = std::move(content),
                   .endpoint = id_of<EndpointTag>(endpoint),
                   .owner_id = ""};
    event.is_pending = is_pending;
    if (!is_pending) {
      event.deliveries.push_back({.id = make_delivery_id(event.id, event.id, id_of<SubscriptionTag>(endpoint)),
                                  .subscription = id_of<SubscriptionTag>(endpoint),
                                  .endpoint = id_of<EndpointTag>(endpoint),
                                  .lane = 0,
                                  .discard_reason = discard_reason});
    }
    const IngestBatch batch{.received_at = now_, .events = {&event}};
    run(TxKind::autocommit, [&](Tx& tx) { return commit_events(tx, batch); });
    return event;
  }

  Job job(JobKind kind) {
    Job made{.project = project_, .id = JobId{ids_.next(now_)}, .kind = kind};
    made.filter.start = now_ - 1h;
    made.filter.end = now_ + 1h;
    made.filter.endpoints = {id_of<EndpointTag>(1)};
    made.created_at = now_;
    return made;
  }

  int count(const std::string& table) { return std::stoi(database_.sql("SELECT count(*) FROM " + table)); }

  TestDatabase database_;
  Connection connection_;
  ProjectId project_ = id_of<ProjectTag>(1);
  IdMaker ids_;
  TimePoint now_ = wall_now();
};

// Goal: what is stored of a job is what was given. Method: every field set.
TEST_F(JobsTest, KeepsItsFilter) {
  auto made = job(JobKind::retry_deliveries);
  made.filter.event = id_of<EventTag>(3);
  made.filter.subscription = id_of<SubscriptionTag>(4);
  made.filter.sources = {id_of<SourceTag>(5)};
  made.filter.statuses = {DeliveryStatus::failure, DeliveryStatus::discarded};
  made.filter.event_type = "a\"b";
  made.filter.owner_id = "o";
  made.filter.scope_owner = "s";
  made.filter.idempotency_key = "k";
  made.total = 7;
  made.rate = 9;
  made.low = id_of<JobTag>(1).bytes;
  made.high = id_of<JobTag>(2).bytes;
  EXPECT_TRUE(run(TxKind::read_write, [&](Tx& tx) { return insert_job(tx, made); }));
  const auto read = run(TxKind::autocommit, [&](Tx& tx) { return get_job(tx, project_, made.id); });
  EXPECT_EQ(read.filter.start, made.filter.start);
  EXPECT_EQ(read.filter.end, made.filter.end);
  EXPECT_EQ(read.filter.endpoints, made.filter.endpoints);
  EXPECT_EQ(read.filter.sources, made.filter.sources);
  EXPECT_EQ(read.filter.event, made.filter.event);
  EXPECT_EQ(read.filter.subscription, made.filter.subscription);
  EXPECT_EQ(read.filter.statuses, made.filter.statuses);
  EXPECT_EQ(read.filter.event_type + read.filter.owner_id + read.filter.scope_owner + read.filter.idempotency_key,
            "a\"bosk");
  EXPECT_EQ(read.state, JobState::queued);
  EXPECT_EQ(read.config_version, 1);
  EXPECT_EQ(std::tie(read.total, read.rate, read.low, read.high), std::tie(made.total, made.rate, made.low, made.high));
}

// Goal: one open job of a kind that excludes others; ended ones exclude nobody; replays exclude none. Method: two each.
TEST_F(JobsTest, Exclusion) {
  const auto insert = [&](const Job& each) {
    return run(TxKind::read_write, [&](Tx& tx) { return insert_job(tx, each); });
  };
  const auto first = job(JobKind::recover_failed);
  EXPECT_TRUE(insert(first));
  EXPECT_FALSE(insert(job(JobKind::recover_failed)));
  EXPECT_TRUE(insert(job(JobKind::send_missing)));
  auto other = job(JobKind::recover_failed);
  other.filter.endpoints = {id_of<EndpointTag>(2)};
  EXPECT_TRUE(insert(other));
  EXPECT_TRUE(insert(job(JobKind::replay_events)));
  EXPECT_TRUE(insert(job(JobKind::replay_events)));
  EXPECT_TRUE(run(TxKind::autocommit, [&](Tx& tx) { return cancel_job(tx, project_, first.id, now_); }));
  EXPECT_FALSE(run(TxKind::autocommit, [&](Tx& tx) { return cancel_job(tx, project_, first.id, now_); }));
  EXPECT_TRUE(insert(job(JobKind::recover_failed)));
}

// Goal: a chunk whose cursor somebody else moved, or whose job was cancelled, finds nothing to hold. Method: move,
// cancel.
TEST_F(JobsTest, HoldsOnlyWhereItWasRead) {
  const auto read = job(JobKind::replay_events);
  run(TxKind::read_write, [&](Tx& tx) { return insert_job(tx, read); });
  const auto is_held = [&](const Job& each) {
    return run(TxKind::read_write, [&](Tx& tx) { return hold_job(tx, each); });
  };
  EXPECT_TRUE(is_held(read));
  auto moved = read;
  moved.cursor = id_of<EventTag>(9).bytes;
  JobStep step{.cursor = moved.cursor, .part = {}, .counts = {.done = 2, .succeeded = 1, .skipped = 1}, .error = ""};
  run(TxKind::read_write, [&](Tx& tx) { return move_job(tx, read, step, now_); });
  EXPECT_FALSE(is_held(read));
  EXPECT_TRUE(is_held(moved));
  const auto shown = run(TxKind::autocommit, [&](Tx& tx) { return get_job(tx, project_, read.id); });
  EXPECT_EQ(shown.state, JobState::running);
  EXPECT_EQ(shown.counts.done, 2);
  run(TxKind::autocommit, [&](Tx& tx) { return cancel_job(tx, project_, read.id, now_); });
  EXPECT_FALSE(is_held(moved));
}

// Goal: a step of a scan ends with its window, with its rows, or with the last one, and says up to where it looked.
// Method: five deliveries, every second one discarded.
TEST_F(JobsTest, ScanSteps) {
  std::vector<DeliveryId> discarded, all;
  for (int number = 0; number < 5; ++number) {
    const auto event = commit(1, number % 2 == 0 ? "endpoint is disabled" : "");
    all.push_back(event.deliveries.front().id);
    if (number % 2 == 0) discarded.push_back(all.back());
  }
  std::ranges::sort(all);
  std::ranges::sort(discarded);
  const DeliveryFilter filter{.project = project_,
                              .start = now_ - 1h,
                              .end = now_ + 1h,
                              .endpoints = {id_of<EndpointTag>(1)},
                              .statuses = {DeliveryStatus::discarded}};
  const auto scan = [&](IdBytes low, int window, int rows_max) {
    return run(TxKind::autocommit,
               [&](Tx& tx) { return scan_deliveries(tx, filter, {low, id_highest, window, rows_max}); });
  };
  auto step = scan(id_lowest, 2, 10);
  EXPECT_FALSE(step.is_last);
  EXPECT_EQ(step.last, all[1].bytes);
  step = scan(id_lowest, 100, 2);
  EXPECT_FALSE(step.is_last);
  EXPECT_EQ(step.last, discarded[1].bytes);
  EXPECT_EQ(step.deliveries, (std::vector{discarded[0], discarded[1]}));
  step = scan(id_above(*step.last), 100, 2);
  EXPECT_TRUE(step.is_last);
  EXPECT_EQ(step.deliveries, std::vector{discarded[2]});
  step = scan(id_above(all.back().bytes), 100, 2);
  EXPECT_TRUE(step.is_last);
  EXPECT_FALSE(step.last);
}

// Goal: what a preview counts is exactly what the run goes through, however its steps fall. Method: every kind with
// every filter of its own, over events and deliveries of all sorts, in the smallest steps.
TEST_F(JobsTest, PreviewsWhatItDoes) {
  std::vector<NewEvent> events;
  for (int number = 0; number < 24; ++number) {
    now_ += 1ms;
    events.push_back(commit(number % 3 == 0 ? 2 : 1, number % 2 == 0 ? "endpoint is disabled" : "", number % 8 == 7));
  }
  const auto project = to_uuid(project_), seventh = to_uuid(events[6].id);
  database_.sql("UPDATE endpoints SET owner_id = 'o' WHERE id = '" + to_uuid(id_of<EndpointTag>(2)) + "'");
  database_.sql("UPDATE events SET event_type = 'u', idempotency_key = 'k', source_id = '" +
                to_uuid(id_of<SourceTag>(5)) + "' WHERE id <= '" + seventh + "'");
  database_.sql("DELETE FROM deliveries WHERE event_id < '" + seventh + "'");
  using Change = std::function<void(Job&)>;
  const std::vector<std::pair<JobKind, Change>> cases{
      {JobKind::replay_events, [](Job& job) { job.filter.endpoints.clear(); }},
      {JobKind::replay_events, [](Job&) {}},
      {JobKind::replay_events, [](Job& job) { job.filter.endpoints = {id_of<EndpointTag>(1), id_of<EndpointTag>(2)}; }},
      {JobKind::replay_events, [](Job& job) { job.filter.sources = {id_of<SourceTag>(5)}; }},
      {JobKind::replay_events, [](Job& job) { job.filter.endpoints.clear(), job.filter.owner_id = "o"; }},
      {JobKind::replay_events, [](Job& job) { job.filter.idempotency_key = "k"; }},
      {JobKind::replay_events, [&](Job& job) { job.filter.start = now_ - 9ms; }},
      {JobKind::replay_events, [&](Job& job) { job.low = job.high = events[4].id.bytes; }},
      {JobKind::send_missing, [](Job&) {}},
      {JobKind::retry_deliveries, [](Job& job) { job.filter.endpoints.clear(); }},
      {JobKind::retry_deliveries, [](Job& job) { job.filter.statuses = {DeliveryStatus::discarded}; }},
      {JobKind::retry_deliveries, [](Job& job) { job.filter.statuses = {DeliveryStatus::failure}; }},
      {JobKind::retry_deliveries, [](Job& job) { job.filter.endpoints.clear(), job.filter.owner_id = "o"; }},
      {JobKind::retry_deliveries, [](Job& job) { job.filter.event_type = "t"; }},
      {JobKind::retry_deliveries, [&](Job& job) { job.filter.event = events[10].id; }},
      {JobKind::retry_deliveries, [](Job& job) { job.filter.subscription = id_of<SubscriptionTag>(1); }},
      {JobKind::retry_deliveries, [&](Job& job) { job.filter.end = now_ - 9ms; }},
      {JobKind::recover_failed, [](Job& job) { job.filter.statuses = {DeliveryStatus::discarded}; }},
  };
  int number_of_empty = 0;
  for (std::size_t number = 0; number < cases.size(); ++number) {
    auto made = job(cases[number].first);
    cases[number].second(made);
    const auto counted = run(TxKind::snapshot, [&](Tx& tx) { return count_job_objects(tx, made); });
    std::int64_t seen = 0;
    for (int step = 0; step < 100; ++step) {
      const JobChunk chunk{.window = 3, .objects_max = 2, .bytes_max = 1};
      std::optional<IdBytes> last;
      bool is_last = false;
      if (is_about_events(made.kind)) {
        const auto scan = run(TxKind::autocommit, [&](Tx& tx) { return scan_job_events(tx, made, chunk); });
        seen += static_cast<std::int64_t>(scan.events.size()), last = scan.last, is_last = scan.is_last;
      } else {
        const auto scan = run(TxKind::autocommit, [&](Tx& tx) { return scan_job_deliveries(tx, made, chunk); });
        seen += static_cast<std::int64_t>(scan.deliveries.size()), last = scan.last, is_last = scan.is_last;
      }
      if (is_last) break;
      made.cursor = last;
    }
    EXPECT_EQ(counted, seen) << "case " << number;
    number_of_empty += counted == 0 ? 1 : 0;
  }
  EXPECT_EQ(number_of_empty, 1) << "only failures, of which there are none";
}

// Goal: the deliveries of a chunk that is inserted again are there once; their event's list shows them beside its own;
// what has a delivery, also by a job, is not missing. Method: twice the same, then the lists.
TEST_F(JobsTest, ReplayTwiceIsOnce) {
  const auto event = commit(1);
  const auto replay = job(JobKind::replay_events);
  const ReplayedDelivery delivery{.id = make_delivery_id(EventId{replay.id.bytes}, event.id, id_of<SubscriptionTag>(2)),
                                  .event = event.id,
                                  .subscription = id_of<SubscriptionTag>(2),
                                  .endpoint = id_of<EndpointTag>(2),
                                  .lane = 2,
                                  .discard_reason = ""};
  const auto insert = [&] {
    return run(TxKind::read_write, [&](Tx& tx) { return insert_replayed(tx, replay, {delivery}, {}, 1); });
  };
  const auto due = insert();
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due.front().endpoint, delivery.endpoint);
  EXPECT_TRUE(insert().empty());
  EXPECT_EQ(count("deliveries"), 2);
  EXPECT_EQ(count("queue"), 2);
  const DeliveryFilter of_event{.project = project_, .start = now_ - 1h, .end = now_ + 1h, .event = event.id};
  const auto listed = run(TxKind::snapshot, [&](Tx& tx) { return list_deliveries(tx, of_event, {}); });
  ASSERT_EQ(listed.rows.size(), 2U);
  EXPECT_TRUE(listed.rows[0].id == delivery.id || listed.rows[1].id == delivery.id);
  EXPECT_NE(listed.rows[0].id, listed.rows[1].id);
  EXPECT_EQ(run(TxKind::snapshot, [&](Tx& tx) { return count_deliveries(tx, of_event, {}); }), 2);
  EventFilter missing{.project = project_, .start = now_ - 1h, .end = now_ + 1h};
  for (const std::uint8_t number : {1, 2}) {
    missing.missing_for = id_of<EndpointTag>(number);
    EXPECT_EQ(run(TxKind::snapshot, [&](Tx& tx) { return count_events(tx, missing, {}); }), 0) << int{number};
  }
  database_.sql("DELETE FROM deliveries");
  missing.missing_for = id_of<EndpointTag>(1);
  EXPECT_EQ(run(TxKind::snapshot, [&](Tx& tx) { return count_events(tx, missing, {}); }), 1);
  missing.missing_for = id_of<EndpointTag>(2);  // it was addressed to another one
  EXPECT_EQ(run(TxKind::snapshot, [&](Tx& tx) { return count_events(tx, missing, {}); }), 0);
}

// Goal: sending again is a compare-and-set that keeps the count of attempts. Method: a discarded delivery with three
// attempts, twice.
TEST_F(JobsTest, SendsAgainOnce) {
  const auto id = commit(1, "endpoint is disabled").deliveries.front().id;
  database_.sql("UPDATE deliveries SET attempts = 3");
  const auto again = [&] {
    return run(TxKind::read_write, [&](Tx& tx) { return send_again(tx, project_, {id}, {DeliveryStatus::discarded}); });
  };
  EXPECT_EQ(again().size(), 1U);
  EXPECT_TRUE(again().empty());
  EXPECT_EQ(database_.sql("SELECT attempt || ' ' || attempts_before FROM queue"), "3 3");
  EXPECT_EQ(database_.sql("SELECT status FROM deliveries"), "0");
  const auto seen = run(TxKind::autocommit, [&](Tx& tx) { return look_before_resend(tx, id_of<ProjectTag>(2), {id}); });
  EXPECT_TRUE(seen.empty());
}

// Goal: large events that are being expanded do not hold up those behind them, nor are they held up. Method: sixteen
// with progress, four without.
TEST_F(JobsTest, LeastExpandedFirst) {
  std::vector<EventId> ids;
  for (int number = 0; number < 20; ++number) ids.push_back(commit(1, "", true).id);
  database_.sql("UPDATE pending_events SET matched_count = 500");
  for (int number = 16; number < 20; ++number)
    database_.sql("UPDATE pending_events SET matched_count = 0 WHERE event_id = '" +
                  to_uuid(ids[static_cast<std::size_t>(number)]) + "'");
  const auto pending = run(TxKind::autocommit, [](Tx& tx) { return list_pending(tx, {0}); });
  ASSERT_GE(pending.size(), 12U);
  EXPECT_LE(pending.size(), 16U);
  for (std::size_t index = 0; index < 4; ++index) EXPECT_EQ(pending[index].event, ids[16 + index]);
  EXPECT_EQ(pending[4].event, ids[0]);
}

// Goal: however many events one project has waiting, every other project's turn comes with the same look, or with the
// next one behind it. Method: twenty of one project, one each of five others.
TEST_F(JobsTest, ProjectsInTurn) {
  for (int number = 0; number < 20; ++number) static_cast<void>(commit(1, "", true));
  for (const int number : {2, 3, 4, 5, 6}) {
    const auto other = "00000000-0000-0000-0000-00000000000" + std::to_string(number);
    database_.sql("INSERT INTO pending_events (project_id, event_id, lane, config_version) SELECT '" + other +
                  "', event_id, lane, config_version FROM pending_events WHERE project_id = '" + to_uuid(project_) +
                  "' ORDER BY event_id DESC LIMIT 1");
    database_.sql("INSERT INTO events (project_id, id, event_type, body, received_at) SELECT '" + other +
                  "', v.id, v.event_type, v.body, v.received_at FROM events v ORDER BY v.id DESC LIMIT 1");
  }
  std::map<ProjectId, int> counts;
  for (const auto& event : run(TxKind::autocommit, [](Tx& tx) { return list_pending(tx, {0}); }))
    ++counts[event.project];
  EXPECT_EQ(counts.size(), 6U);
  EXPECT_LE(counts[project_], 16);
  counts.clear();
  for (const auto& event : run(TxKind::autocommit, [&](Tx& tx) { return list_pending(tx, {0}, id_of<ProjectTag>(3)); }))
    ++counts[event.project];
  EXPECT_EQ(counts.size(), 3U);
  EXPECT_FALSE(counts.contains(project_));
}

}  // namespace
}  // namespace fairlead::store
