#include "common/store/ingest.hpp"

#include <algorithm>
#include <set>

#include "common/crypto/digest.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {
namespace {

// One statement, one snapshot. `ok` holds the projects whose configuration is still the one that was matched against:
// the test sits inside the statement, whose snapshot is taken after the batch was closed, so a change that was
// acknowledged before an event was received is always seen. Everything else is driven by what `e` really inserted.
// A plain batch has neither idempotency keys nor events to be expanded later: nearly all have none, and what a
// statement does not mention costs nothing to set up.
std::string commit_sql(const std::string& day, bool is_plain) {
  const auto unless_plain = [&](const char* text) { return std::string(is_plain ? "" : text); };
  return R"sql(
WITH ok AS MATERIALIZED (
  SELECT x.project_id FROM unnest($1::uuid[], $2::bigint[]) x(project_id, version)
   WHERE (SELECT p.config_version FROM projects p WHERE p.id = x.project_id AND p.deleted_at IS NULL) = x.version),)sql" +
         unless_plain(R"sql(
k AS (
  INSERT INTO idempotency_keys AS i (project_id, key, event_id, content_hash, expires_at)
  SELECT x.project_id, x.key, x.event_id, x.hash, $3::timestamptz + interval '72 hours'
    FROM unnest($23::uuid[], $24::text[], $25::uuid[], $26::bytea[]) x(project_id, key, event_id, hash)
   WHERE x.project_id IN (SELECT project_id FROM ok)
   ORDER BY x.project_id, x.key
  ON CONFLICT (project_id, key) DO UPDATE
    SET event_id = excluded.event_id, content_hash = excluded.content_hash, expires_at = excluded.expires_at
    WHERE i.expires_at <= $3::timestamptz
  RETURNING event_id),)sql") +
         R"sql(
e AS (
  INSERT INTO events_)sql" +
         day + R"sql( (project_id, id, event_type, body, headers, trace_parent, endpoint_id, owner_id, received_at,
                       matched_count)sql" +
         unless_plain(", idempotency_key, source_id, url_query, url_path, content_type") + R"sql()
  SELECT x.project_id, x.id, x.event_type, x.body, x.headers, x.trace_parent, x.endpoint_id, x.owner_id,
         $3::timestamptz, x.matched_count)sql" +
         unless_plain(", x.key, x.source_id, x.url_query, x.url_path, x.content_type") + R"sql(
    FROM (SELECT unnest($4::uuid[]) AS project_id, unnest($5::uuid[]) AS id, unnest($6::text[]) AS event_type,
                 unnest($7::bytea[]) AS body, unnest($8::text[]) AS headers, unnest($9::text[]) AS trace_parent,
                 unnest($10::uuid[]) AS endpoint_id, unnest($11::text[]) AS owner_id,
                 unnest($12::int[]) AS matched_count)sql" +
         unless_plain(
             ", unnest($22::text[]) AS key, unnest($31::uuid[]) AS source_id, unnest($32::text[]) AS url_query,"
             " unnest($33::text[]) AS url_path, unnest($34::text[]) AS content_type") +
         R"sql() x
   WHERE x.project_id IN (SELECT project_id FROM ok))sql" +
         unless_plain(" AND (x.key IS NULL OR x.id IN (SELECT event_id FROM k))") + R"sql(
  RETURNING id),
y AS MATERIALIZED (
  SELECT y.*
    FROM (SELECT unnest($13::uuid[]) AS project_id, unnest($14::uuid[]) AS id, unnest($15::uuid[]) AS event_id,
                 unnest($16::uuid[]) AS endpoint_id, unnest($17::uuid[]) AS subscription_id,
                 unnest($18::smallint[]) AS lane, unnest($19::text[]) AS reason, unnest($20::bigint[]) AS version) y
   WHERE y.event_id IN (SELECT id FROM e)),
d AS (
  INSERT INTO deliveries_)sql" +
         day + R"sql( (project_id, id, event_id, endpoint_id, subscription_id, created_at, status, reason)
  SELECT y.project_id, y.id, y.event_id, y.endpoint_id, y.subscription_id, $3::timestamptz,
         CASE WHEN y.reason IS NULL THEN 0 ELSE 4 END, y.reason FROM y),
q AS (
  INSERT INTO queue (lane, endpoint_id, due_at, delivery_id, project_id, event_id, subscription_id, config_version)
  SELECT y.lane, y.endpoint_id, $3::timestamptz, y.id, y.project_id, y.event_id, y.subscription_id, y.version
    FROM y WHERE y.reason IS NULL))sql" +
         unless_plain(R"sql(,
w AS (
  INSERT INTO pending_events (project_id, event_id, lane, config_version)
  SELECT z.project_id, z.event_id, z.lane, z.version
    FROM unnest($27::uuid[], $28::uuid[], $29::smallint[], $30::bigint[]) z(project_id, event_id, lane, version)
   WHERE z.event_id IN (SELECT id FROM e)))sql") +
         R"sql(
SELECT CASE WHEN count(*) < $21::int THEN array_to_string(array_agg(id), ',') END, count(*),
       (SELECT array_to_string(array_agg(project_id), ',') FROM ok) FROM e)sql";
}

constexpr Statement keys_sql{"ingest_keys", R"sql(
  SELECT i.project_id, i.key, i.event_id, i.content_hash
    FROM unnest($1::uuid[], $2::text[]) x(project_id, key)
    CROSS JOIN LATERAL (
      SELECT * FROM idempotency_keys k WHERE k.project_id = x.project_id AND k.key = x.key LIMIT 1) i)sql"};

constexpr Statement lock_versions_sql{"project_versions_lock",
                                      "SELECT id FROM projects WHERE id = ANY ($1::uuid[]) ORDER BY id FOR SHARE"};

std::string_view bytes_of(const KeyHash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

// Those that were not stored although their project was current met an existing idempotency key: same content or not?
void judge_keys(Tx& tx, const IngestBatch& batch, std::vector<IngestAnswer>& answers,
                const std::vector<std::size_t>& open) {
  UuidArray projects;
  TextArray keys;
  for (const auto index : open) {
    projects.add(batch.events[index]->project);
    keys.add(batch.events[index]->content->idempotency_key);
  }
  std::map<std::pair<ProjectId, std::string>, std::pair<EventId, std::string>> found;
  for (const auto& row : tx.exec(keys_sql, projects.take(), keys.take())) {
    found[{as_id<ProjectTag>(row[0]), as_text(row[1])}] = {as_id<EventTag>(row[2]), as_bytes(row[3])};
  }
  for (const auto index : open) {
    const auto& event = *batch.events[index];
    const auto key = found.find({event.project, event.content->idempotency_key});
    if (key == found.end()) continue;  // purged in between: stays stale, the next round inserts it
    const bool is_same = key->second.second == bytes_of(event.content_hash);
    answers[index] = {is_same ? IngestOutcome::duplicate : IngestOutcome::conflict, key->second.first};
  }
}

}  // namespace

std::string partition_day(const IdBytes& id) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(id_time(id))};
  auto number = static_cast<unsigned>(static_cast<int>(date.year())) * 10000 +
                static_cast<unsigned>(date.month()) * 100 + static_cast<unsigned>(date.day());
  std::string text(8, '0');
  for (std::size_t index = text.size(); index-- > 0; number /= 10) text[index] = static_cast<char>('0' + number % 10);
  return text;
}

DeliveryId make_delivery_id(const EventId& origin, const EventId& event, const SubscriptionId& subscription) {
  std::string input;
  for (const auto* bytes : {&origin.bytes, &event.bytes, &subscription.bytes})
    input.append(reinterpret_cast<const char*>(bytes->data()), 16);
  const auto digest = crypto::sha256(input);
  std::array<std::uint8_t, 10> tail;
  std::copy_n(digest.begin(), 10, tail.begin());
  return DeliveryId{make_id_bytes(id_time(origin.bytes), tail)};
}

Result<void> lock_project_versions(Tx& tx, const std::vector<ProjectId>& projects) {
  UuidArray list;
  for (const auto& project : projects) list.add(project);
  tx.exec(lock_versions_sql, list.take());
  return {};
}

namespace {

// The parameters of a batch, column by column.
struct Columns {
  struct {
    UuidArray project;
    Int8Array version;
  } versions;
  struct {
    UuidArray project, event;
    TextArray key;
    ByteaArray hash;
  } keys;
  struct {
    UuidArray project, id, endpoint;
    TextArray type, headers, key, trace, owner;
    ByteaArray body;
    Int4Array matched;
  } events;
  struct {
    UuidArray project, id, event, endpoint, subscription;
    Int2Array lane;
    TextArray reason;
    Int8Array version;
  } deliveries;
  struct {
    UuidArray project, event;
    Int2Array lane;
    Int8Array version;
  } pending;
  // Empty if no event of the batch came through a source: unnest fills up with nulls.
  struct {
    UuidArray source;
    TextArray query, path, content_type;
  } origins;

  explicit Columns(const IngestBatch& batch) {
    std::map<ProjectId, std::int64_t> known;
    const bool has_origins =
        std::ranges::any_of(batch.events, [](const auto* event) { return event->content->origin != nullptr; });
    std::size_t bytes = 0;
    for (const auto* event : batch.events) bytes += event->content->body->size();
    events.body.reserve(batch.events.size(), bytes);
    for (const auto* event : batch.events) {
      known[event->project] = event->config_version;
      add(*event);
      if (has_origins) add_origin(event->content->origin.get());
    }
    for (const auto& [project, version] : known) {
      versions.project.add(project);
      versions.version.add(version);
    }
  }

 private:
  void add_origin(const EventOrigin* origin) {
    if (origin == nullptr) {
      origins.source.add_null();
      for (auto* column : {&origins.query, &origins.path, &origins.content_type}) column->add_null();
      return;
    }
    origins.source.add(origin->source);
    origins.query.add(or_null(origin->url_query));
    origins.path.add(or_null(origin->url_path));
    origins.content_type.add(or_null(origin->content_type));
  }

  void add(const NewEvent& event) {
    const auto& content = *event.content;
    if (!content.idempotency_key.empty()) {
      keys.project.add(event.project);
      keys.key.add(content.idempotency_key);
      keys.event.add(event.id);
      keys.hash.add(bytes_of(event.content_hash));
    }
    events.project.add(event.project);
    events.id.add(event.id);
    events.type.add(content.event_type);
    events.body.add(*content.body);
    events.headers.add(or_null(content.headers_json));
    events.key.add(or_null(content.idempotency_key));
    events.trace.add(or_null(content.trace_parent));
    events.endpoint.add(event.endpoint);
    events.owner.add(or_null(event.owner_id));
    event.is_pending ? events.matched.add_null() : events.matched.add(event.deliveries.size());
    for (const auto& delivery : event.deliveries) {
      deliveries.project.add(event.project);
      deliveries.id.add(delivery.id);
      deliveries.event.add(event.id);
      deliveries.endpoint.add(delivery.endpoint);
      deliveries.subscription.add(delivery.subscription);
      deliveries.lane.add(delivery.lane);
      deliveries.reason.add(or_null(delivery.discard_reason));
      deliveries.version.add(event.config_version);
    }
    if (event.is_pending) {
      pending.project.add(event.project);
      pending.event.add(event.id);
      pending.lane.add(event.pending_lane);
      pending.version.add(event.config_version);
    }
  }
};

}  // namespace

Result<std::vector<IngestAnswer>> commit_events(Tx& tx, const IngestBatch& batch) {
  Columns c(batch);
  const std::string day = partition_day(batch.events.front()->id.bytes);
  const bool is_plain = c.keys.project.is_empty() && c.pending.project.is_empty() && c.origins.source.is_empty();
  const auto run = [&](const auto&... rest) {
    return tx.exec_named((is_plain ? "ingest_plain_" : "ingest_") + day, commit_sql(day, is_plain),
                         c.versions.project.take(), c.versions.version.take(), batch.received_at,
                         c.events.project.take(), c.events.id.take(), c.events.type.take(), c.events.body.take(),
                         c.events.headers.take(), c.events.trace.take(), c.events.endpoint.take(),
                         c.events.owner.take(), c.events.matched.take(), c.deliveries.project.take(),
                         c.deliveries.id.take(), c.deliveries.event.take(), c.deliveries.endpoint.take(),
                         c.deliveries.subscription.take(), c.deliveries.lane.take(), c.deliveries.reason.take(),
                         c.deliveries.version.take(), batch.events.size(), rest...);
  };
  const auto rows = is_plain ? run()
                             : run(c.events.key.take(), c.keys.project.take(), c.keys.key.take(), c.keys.event.take(),
                                   c.keys.hash.take(), c.pending.project.take(), c.pending.event.take(),
                                   c.pending.lane.take(), c.pending.version.take(), c.origins.source.take(),
                                   c.origins.query.take(), c.origins.path.take(), c.origins.content_type.take());
  std::vector<IngestAnswer> answers(batch.events.size());
  // Almost always all of them: then their ids need not travel back.
  if (rows[0][1].as<std::size_t>() == answers.size()) {
    for (auto& answer : answers) answer.outcome = IngestOutcome::stored;
    return answers;
  }
  const auto stored_ids = as_ids<EventTag>(rows[0][0]);
  const auto current_ids = as_ids<ProjectTag>(rows[0][2]);
  const std::set<EventId> stored(stored_ids.begin(), stored_ids.end());
  const std::set<ProjectId> current(current_ids.begin(), current_ids.end());
  std::vector<std::size_t> open;
  for (std::size_t index = 0; index < answers.size(); ++index) {
    if (stored.contains(batch.events[index]->id))
      answers[index].outcome = IngestOutcome::stored;
    else if (current.contains(batch.events[index]->project))
      open.push_back(index);
  }
  if (!open.empty()) judge_keys(tx, batch, answers, open);
  return answers;
}

namespace {

// The projects are found by skipping through the key, and each gives a few.
constexpr Statement pending_sql{"pending_list", R"sql(
  WITH RECURSIVE waiting(project_id) AS (
    (SELECT project_id FROM pending_events WHERE project_id > $2 ORDER BY project_id LIMIT 1)
    UNION ALL
    SELECT (SELECT n.project_id FROM pending_events n WHERE n.project_id > w.project_id ORDER BY n.project_id LIMIT 1)
      FROM waiting w WHERE w.project_id IS NOT NULL),
  pick AS MATERIALIZED (
    SELECT x.*
      FROM waiting p
      CROSS JOIN LATERAL (
        (SELECT q.* FROM pending_events q WHERE q.project_id = p.project_id AND q.lane = ANY ($1::smallint[])
          ORDER BY q.matched_count, q.event_id LIMIT 12)
        UNION
        (SELECT q.* FROM pending_events q WHERE q.project_id = p.project_id AND q.lane = ANY ($1::smallint[])
          ORDER BY q.event_id LIMIT 4)) x
     LIMIT $3)
  SELECT w.project_id, w.event_id, w.lane, w.config_version, w.cursor, e.event_type, coalesce(e.owner_id, ''),
         e.owner_id IS NULL AND e.endpoint_id IS NULL, e.endpoint_id, e.source_id
    FROM pick w
    CROSS JOIN LATERAL (SELECT v.* FROM events v WHERE v.project_id = w.project_id AND v.id = w.event_id LIMIT 1) e
   ORDER BY w.project_id, w.matched_count, w.event_id)sql"};
constexpr Statement pending_move_sql{"pending_move", R"sql(
  UPDATE pending_events SET cursor = $4, matched_count = matched_count + $5
   WHERE project_id = $1 AND event_id = $2 AND cursor IS NOT DISTINCT FROM $3 RETURNING matched_count)sql"};
constexpr Statement pending_done_sql{"pending_done", R"sql(
  DELETE FROM pending_events WHERE project_id = $1 AND event_id = $2 AND cursor IS NOT DISTINCT FROM $3 RETURNING matched_count)sql"};

std::string expand_sql(const std::string& day) {
  return R"sql(
WITH y AS MATERIALIZED (
  SELECT * FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::smallint[], $8::text[])
    y(id, endpoint_id, subscription_id, lane, reason)),
d AS (
  INSERT INTO deliveries_)sql" +
         day +
         R"sql( (project_id, id, event_id, endpoint_id, subscription_id, created_at, status, reason)
  SELECT $1::uuid, y.id, $2::uuid, y.endpoint_id, y.subscription_id, $3::timestamptz,
         CASE WHEN y.reason IS NULL THEN 0 ELSE 4 END, y.reason FROM y
  ON CONFLICT DO NOTHING RETURNING id, reason)
INSERT INTO queue (lane, endpoint_id, due_at, delivery_id, project_id, event_id, subscription_id, config_version)
SELECT y.lane, y.endpoint_id, $3::timestamptz, y.id, $1::uuid, $2::uuid, y.subscription_id, $9::bigint
  FROM y WHERE y.id IN (SELECT id FROM d WHERE reason IS NULL))sql";
}

}  // namespace

Result<std::vector<PendingEvent>> list_pending(Tx& tx, const std::vector<std::int16_t>& lanes, const ProjectId& after) {
  Int2Array list;
  for (const auto lane : lanes) list.add(lane);
  std::vector<PendingEvent> pending;
  for (const auto& row : tx.exec(pending_sql, list.take(), after, pending_rows_max)) {
    pending.push_back({as_id<ProjectTag>(row[0]), as_id<EventTag>(row[1]), row[2].as<std::int16_t>(),
                       row[3].as<std::int64_t>(), as_optional_id<SubscriptionTag>(row[4]), as_text(row[5]),
                       as_text(row[6]), row[7].as<bool>(), as_optional_id<EndpointTag>(row[8]),
                       as_optional_id<SourceTag>(row[9])});
  }
  return pending;
}

Result<bool> expand_pending(Tx& tx, const PendingEvent& pending, const std::vector<NewDelivery>& deliveries,
                            std::optional<SubscriptionId> next, TimePoint now) {
  const std::string day = partition_day(pending.event.bytes);
  const auto moved =
      next ? tx.exec(pending_move_sql, pending.project, pending.event, pending.cursor, *next, deliveries.size())
           : tx.exec(pending_done_sql, pending.project, pending.event, pending.cursor);
  if (moved.empty()) return false;
  if (!deliveries.empty()) {
    UuidArray id, endpoint, subscription;
    Int2Array lane;
    TextArray reason;
    for (const auto& delivery : deliveries) {
      id.add(delivery.id);
      endpoint.add(delivery.endpoint);
      subscription.add(delivery.subscription);
      lane.add(delivery.lane);
      reason.add(or_null(delivery.discard_reason));
    }
    tx.exec_named("expand_" + day, expand_sql(day), pending.project, pending.event, now, id.take(), endpoint.take(),
                  subscription.take(), lane.take(), reason.take(), pending.config_version);
  }
  if (!next) {
    const auto matched = moved[0][0].as<std::int64_t>() + static_cast<std::int64_t>(deliveries.size());
    tx.exec_named(
        "expanded_" + day,
        "UPDATE events_" + day + " SET matched_count = $3 WHERE project_id = $1 AND id = $2 AND matched_count IS NULL",
        pending.project, pending.event, matched);
  }
  return true;
}

}  // namespace fairlead::store
