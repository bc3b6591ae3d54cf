#include "data_plane/ingest/event_request.hpp"

#include <gtest/gtest.h>

#include "data_plane/ingest/accept.hpp"

namespace fairlead::ingest {
namespace {

Result<EventRequest> parse(std::string_view body, EventKind kind = EventKind::broadcast, RequestHeaders headers = {}) {
  return parse_event_request(kind, body, headers);
}

// Goal: the payload is the exact bytes of its value. Method: whitespace, number text, key order and duplicates inside
// data.
TEST(ParseEventRequest, KeepsThePayloadsBytes) {
  const std::string data = "{ \"b\" : 1.0e5,\t\"a\":12345678901234567890, \"a\" : \"\\u00e9\" }";
  const auto request = parse("{\"event_type\":\"t\" , \"data\":  " + data + "  }");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(*request->content->body, data);
  EXPECT_EQ(request->content->event_type, "t");
}

// Goal: any JSON value is a payload, null included. Method: one of each kind.
TEST(ParseEventRequest, TakesAnyJsonValue) {
  for (const char* data : {"null", "true", "[]", "\"text\"", "-0.5", "{}"}) {
    const auto request = parse(std::string(R"({"event_type":"t","data":)") + data + "}");
    ASSERT_TRUE(request) << data;
    EXPECT_EQ(*request->content->body, data);
  }
}

struct Refusal {
  const char* body;
  EventKind kind;
  const char* reason;
  const char* field;
};

// Goal: what is wrong is named by a stable code and the field. Method: a table.
TEST(ParseEventRequest, NamesWhatIsWrong) {
  const Refusal refusals[] = {
      {"", EventKind::broadcast, "invalid_json", ""},
      {"[1]", EventKind::broadcast, "not_an_object", ""},
      {"{\"event_type\":\"t\",\"data\":1}x", EventKind::broadcast, "invalid_json", ""},
      {"{\"data\":1}", EventKind::broadcast, "required", "event_type"},
      {"{\"event_type\":null,\"data\":1}", EventKind::broadcast, "required", "event_type"},
      {"{\"event_type\":7,\"data\":1}", EventKind::broadcast, "wrong_type", "event_type"},
      {"{\"event_type\":\"t\"}", EventKind::broadcast, "required", "data"},
      {"{\"event_type\":\"t\",\"data\":1}", EventKind::endpoint, "required", "endpoint_id"},
      {"{\"event_type\":\"t\",\"data\":1,\"owner_id\":[]}", EventKind::fanout, "wrong_type", "owner_id"},
      {"{\"event_type\":\"t\",\"data\":1,\"idempotency_key\":5}", EventKind::broadcast, "wrong_type",
       "idempotency_key"},
      {"{\"event_type\":\"t\",\"data\":1,\"idempotency_key\":\"a\\nb\"}", EventKind::broadcast, "invalid_header",
       "idempotency_key"},
      {"{\"event_type\":\"t\",\"data\":1,\"custom_headers\":[]}", EventKind::broadcast, "wrong_type", "custom_headers"},
      {"{\"event_type\":\"t\",\"data\":1,\"custom_headers\":{\"X\":1}}", EventKind::broadcast, "wrong_type",
       "custom_headers.X"},
      {"{\"event_type\":\"t\",\"data\":1,\"custom_headers\":{\"X\":\"a\\r\\nB: c\"}}", EventKind::broadcast,
       "invalid_header", "custom_headers.X"},
      {"{\"event_type\":\"t\",\"data\":1,\"custom_headers\":{\"Content-Length\":\"1\"}}", EventKind::broadcast,
       "reserved_header", "custom_headers.Content-Length"},
      {"{\"event_type\":\"t\",\"data\":1,\"custom_headers\":{\"a b\":\"1\"}}", EventKind::broadcast, "invalid_header",
       "custom_headers.a b"},
  };
  for (const auto& refusal : refusals) {
    const auto request = parse(refusal.body, refusal.kind);
    ASSERT_FALSE(request) << refusal.body;
    EXPECT_EQ(request.error().reason, refusal.reason) << refusal.body;
    EXPECT_EQ(request.error().field, refusal.field) << refusal.body;
  }
}

// Goal: keys are matched in any case, the last duplicate wins. Method: one body with both.
TEST(ParseEventRequest, ReadsKeysAsClientsSendThem) {
  const auto request = parse(R"({"Event_Type":"first","EVENT_TYPE":"last","Data":1})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->content->event_type, "last");
}

// Goal: an unknown endpoint id is not_found, not a bad request. Method: text that is no id.
TEST(ParseEventRequest, TreatsForeignIdsAsMissing) {
  const auto request = parse(R"({"event_type":"t","data":1,"endpoint_id":"nope"})", EventKind::endpoint);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, Code::not_found);
}

// Goal: one key, whichever way it comes, and a contradiction is refused. Method: header alone, both equal, both
// different.
TEST(ParseEventRequest, TakesTheKeyFromHeaderOrBody) {
  const RequestHeaders header{.idempotency_key = "k1", .trace_parent = {}, .hops = {}};
  EXPECT_EQ(parse(R"({"event_type":"t","data":1})", EventKind::broadcast, header)->content->idempotency_key, "k1");
  EXPECT_TRUE(parse(R"({"event_type":"t","data":1,"idempotency_key":"k1"})", EventKind::broadcast, header));
  const auto differing = parse(R"({"event_type":"t","data":1,"idempotency_key":"k2"})", EventKind::broadcast, header);
  ASSERT_FALSE(differing);
  EXPECT_EQ(differing.error().reason, "conflicting_keys");
}

// Goal: the hash tells contents apart and nothing else. Method: same event twice, then each part changed; the hop count
// does not matter.
TEST(ParseEventRequest, HashesWhatAKeyStandsFor) {
  const auto hash = [](std::string_view body, RequestHeaders headers = {}, EventKind kind = EventKind::broadcast) {
    headers.idempotency_key = "k1";
    return parse(body, kind, headers)->content_hash;
  };
  const auto first = hash(R"({"event_type":"t","data":1})");
  EXPECT_EQ(first, hash(R"({ "data":1, "event_type":"t" })"));
  EXPECT_EQ(first, hash(R"({"event_type":"t","data":1})", {.idempotency_key = {}, .trace_parent = {}, .hops = "2"}));
  EXPECT_NE(first, hash(R"({"event_type":"u","data":1})"));
  EXPECT_NE(first, hash(R"({"event_type":"t","data":1.0})"));
  EXPECT_NE(first, hash(R"({"event_type":"t","data":1,"custom_headers":{"A":"b"}})"));
  EXPECT_NE(first, hash(R"({"event_type":"t","data":1,"owner_id":"o"})", {}, EventKind::fanout));
}

// Goal: an event that comes back again and again is stopped. Method: the hop header below, at and over its maximum, and
// unreadable.
TEST(ParseEventRequest, StopsLoops) {
  const auto with = [](std::string_view hops) {
    return parse(R"({"event_type":"t","data":1})", EventKind::broadcast,
                 {.idempotency_key = {}, .trace_parent = {}, .hops = hops});
  };
  EXPECT_NE(with("2")->content->headers_json.find("\"3\""), std::string::npos);
  EXPECT_TRUE(with("5"));
  EXPECT_EQ(with("6").error().reason, "loop_detected");
  EXPECT_EQ(with("many").error().reason, "loop_detected");
}

// Goal: only bearer API keys are taken. Method: a table of headers.
TEST(ReadAuthorization, TakesBearerKeysOnly) {
  EXPECT_TRUE(read_authorization("Bearer CO.a.b"));
  EXPECT_TRUE(read_authorization("bearer CO.a.b"));
  for (const auto& header : {std::optional<std::string_view>(), std::optional<std::string_view>(""),
                             std::optional<std::string_view>("Bearer"), std::optional<std::string_view>("Basic CO.a.b"),
                             std::optional<std::string_view>("Bearer PRT.a.b")}) {
    ASSERT_FALSE(read_authorization(header));
    EXPECT_EQ(read_authorization(header).error().code, Code::unauthorized);
  }
}

// Goal: a key opens its own project only; a foreign one looks like a missing one. Method: project key, organisation
// key, expired key.
TEST(Authorize, KeepsProjectsApart) {
  match::Snapshot snapshot;
  const auto add_project = [&](std::uint8_t number, std::uint8_t organisation) {
    auto view = std::make_shared<match::ProjectView>();
    view->id.bytes[15] = number;
    view->organisation.bytes[15] = organisation;
    snapshot.projects[view->id] = view;
    return view->id;
  };
  const auto own = add_project(1, 9), sibling = add_project(2, 9), foreign = add_project(3, 8);
  const auto add_key = [&](std::uint8_t hash, std::optional<ProjectId> project, std::optional<TimePoint> expires_at) {
    ApiKeyConfig key;
    key.hash.fill(hash);
    key.organisation.bytes[15] = 9;
    key.project = project;
    key.expires_at = expires_at;
    snapshot.keys[key.hash] = key;
    return key.hash;
  };
  const TimePoint now{std::chrono::hours(1000)};
  const auto project_key = add_key(1, own, std::nullopt), organisation_key = add_key(2, std::nullopt, std::nullopt);
  const auto expired = add_key(3, own, now);
  EXPECT_TRUE(authorize(project_key, own, snapshot, now));
  EXPECT_EQ(authorize(project_key, sibling, snapshot, now).error().code, Code::not_found);
  EXPECT_TRUE(authorize(organisation_key, sibling, snapshot, now));
  EXPECT_EQ(authorize(organisation_key, foreign, snapshot, now).error().code, Code::not_found);
  EXPECT_EQ(authorize(expired, own, snapshot, now).error().code, Code::unauthorized);
  EXPECT_TRUE(authorize(expired, own, snapshot, now - Micros(1)));
  EXPECT_EQ(authorize(KeyHash{}, own, snapshot, now).error().code, Code::unauthorized);
}

// Goal: a key that may only read creates nothing, and its use is not noted; a foreign project stays unknown to it.
// Method: one key in each scope.
TEST(Authorize, KeepsScopes) {
  match::Snapshot snapshot;
  auto view = std::make_shared<match::ProjectView>();
  view->id.bytes[15] = 1;
  snapshot.projects[view->id] = view;
  const TimePoint now{std::chrono::hours(1000)};
  for (const auto scope : {KeyScope::full, KeyScope::read_only, KeyScope::events_only}) {
    ApiKeyConfig key;
    key.hash.fill(static_cast<std::uint8_t>(scope));
    key.scope = scope;
    snapshot.keys[key.hash] = key;
    const auto allowed = authorize(key.hash, view->id, snapshot, now);
    EXPECT_EQ(allowed.has_value(), scope != KeyScope::read_only);
    if (!allowed) {
      EXPECT_EQ(allowed.error().code, Code::forbidden);
      EXPECT_EQ(allowed.error().reason, "insufficient_scope");
    }
    EXPECT_EQ(key.use->take(), allowed ? std::optional(now) : std::nullopt);
    EXPECT_EQ(authorize(key.hash, ProjectId{}, snapshot, now).error().code, Code::not_found);
  }
}

}  // namespace
}  // namespace fairlead::ingest
