#include "common/domain/filter.hpp"

#include <gtest/gtest.h>

#include "common/domain/decimal.hpp"

namespace fairlead {
namespace {

FilterText body_filter(std::string body) {
  FilterText text;
  text.of(FilterScope::body) = std::move(body);
  return text;
}

// "yes", "no", "spent", or the reason and field of the refusal.
std::string judge(const FilterText& text, FilterSubject::Texts event, std::int64_t steps = filter_limits::steps_max) {
  const auto filter = Filter::compile(text, "");
  if (!filter) return filter.error().reason + " " + filter.error().field;
  FilterSubject subject(std::move(event));
  FilterBudget budget(steps);
  switch ((*filter)->evaluate(subject, budget)) {
    case FilterOutcome::matched:
      return "yes";
    case FilterOutcome::failed:
      return "no";
    default:
      return "spent";
  }
}

std::string judge_body(const std::string& filter, const std::string& body) {
  return judge(body_filter(filter), {.body = body});
}

struct Case {
  const char* filter;
  const char* body;
  const char* expected;
};
void expect_all(std::initializer_list<Case> cases) {
  for (const auto& each : cases)
    EXPECT_EQ(judge_body(each.filter, each.body), each.expected) << each.filter << " on " << each.body;
}

// Goal: equality of every kind of value, spelled out and implicit. Method: pairs that are equal and pairs that are not.
TEST(FilterEquality, ComparesValues) {
  expect_all({{R"({"a":1})", R"({"a":1})", "yes"},
              {R"({"a":1})", R"({"a":1.0})", "yes"},
              {R"({"a":1})", R"({"a":1e0})", "yes"},
              {R"({"a":1})", R"({"a":2})", "no"},
              {R"({"a":1})", R"({"b":1})", "no"},
              {R"({"a":"x"})", R"({"a":"x"})", "yes"},
              {R"({"a":"\u00e9"})", R"({"a":"é"})", "yes"},
              {R"({"a":"x"})", R"({"a":"X"})", "no"},
              {R"({"a":null})", R"({"a":null})", "yes"},
              {R"({"a":null})", R"({})", "no"},
              {R"({"a":null})", R"({"a":0})", "no"},
              {R"({"a":true})", R"({"a":true})", "yes"},
              {R"({"a":true})", R"({"a":"true"})", "no"},
              {R"({"a":false})", R"({"a":0})", "no"},
              {R"({"a":{"$eq":1}})", R"({"a":1})", "yes"},
              {R"({"a":{"$neq":1}})", R"({"a":1})", "no"},
              {R"({"a":{"$neq":1}})", R"({"a":2})", "yes"},
              {R"({"a":{"$eq":{"x":[1,{"y":null}]}}})", R"({"a":{"x":[1.0,{"y":null}]}})", "yes"},
              {R"({"a":{"$eq":{"x":1}}})", R"({"a":{"x":1,"y":2}})", "no"},
              {R"({"a":{"$eq":{"x":1,"y":2}}})", R"({"a":{"y":2,"x":1}})", "yes"},
              {R"({"a":{}})", R"({"a":{}})", "yes"},
              {R"({"a":{}})", R"({"a":{"b":1}})", "no"},
              {R"({})", R"([1])", "yes"},
              {R"({"$eq":7})", "7", "yes"},
              {R"({"a":1})", R"({"a":2,"a":1})", "yes"},
              {R"({"a":1})", R"({"a":1,"a":2})", "no"}});
}

// Goal: numbers are exact, and a string is a number only in its canonical spelling. Method: what doubles would confuse.
TEST(FilterEquality, LosesNoDigit) {
  expect_all({{R"({"a":9007199254740993})", R"({"a":9007199254740993})", "yes"},
              {R"({"a":9007199254740993})", R"({"a":9007199254740992})", "no"},
              {R"({"a":0.1})", R"({"a":0.10})", "yes"},
              {R"({"a":0.1})", R"({"a":0.1000000000000000055})", "no"},
              {R"({"a":1e2})", R"({"a":100})", "yes"},
              {R"({"a":-0})", R"({"a":0.0})", "yes"},
              {R"({"a":123456789012345678901234567890})", R"({"a":123456789012345678901234567891})", "no"},
              {R"({"a":{"$gt":123456789012345678901234567890}})", R"({"a":123456789012345678901234567891})", "yes"},
              {R"({"a":{"$gt":9007199254740992}})", R"({"a":9007199254740993})", "yes"},
              {R"({"a":7})", R"({"a":"7"})", "yes"},
              {R"({"a":"7"})", R"({"a":7})", "yes"},
              {R"({"a":"7"})", R"({"a":7.0})", "yes"},
              {R"({"a":7})", R"({"a":"007"})", "no"},
              {R"({"a":7})", R"({"a":"7.0"})", "no"},
              {R"({"a":"007"})", R"({"a":"7"})", "no"},
              {R"({"a":"1e3"})", R"({"a":1000})", "no"},
              {R"({"a":1e3})", R"({"a":"1000"})", "yes"},
              {R"({"a":1.5})", R"({"a":"1.5"})", "yes"},
              {R"({"a":1e999999999999999999999})", R"({"a":1})", "out_of_range body.a"},
              {R"({"a":1})", R"({"a":1e999999999999999999999})", "no"},
              {R"({"a":{"$lt":1}})", R"({"a":1e-999999999999999999999})", "yes"}});
}

// Goal: order between numbers and between strings, anything else false. Method: each operator at its edge, and mixes.
TEST(FilterOrder, ComparesOnlyLikes) {
  expect_all({{R"({"a":{"$gt":1}})", R"({"a":1})", "no"},
              {R"({"a":{"$gte":1}})", R"({"a":1})", "yes"},
              {R"({"a":{"$lt":1}})", R"({"a":0.999})", "yes"},
              {R"({"a":{"$lte":-1}})", R"({"a":-1.0})", "yes"},
              {R"({"a":{"$lt":-2}})", R"({"a":-10})", "yes"},
              {R"({"a":{"$gt":2,"$lt":4}})", R"({"a":3})", "yes"},
              {R"({"a":{"$gt":2,"$lt":4}})", R"({"a":4})", "no"},
              {R"({"a":{"$gt":"2026-01-01T00:00:00Z"}})", R"({"a":"2026-06-01T00:00:00Z"})", "yes"},
              {R"({"a":{"$lt":"é"}})", R"({"a":"z"})", "yes"},
              {R"({"a":{"$lt":5}})", R"({"a":"3"})", "no"},
              {R"({"a":{"$lt":"5"}})", R"({"a":3})", "no"},
              {R"({"a":{"$lt":5}})", R"({"a":null})", "no"},
              {R"({"a":{"$lt":5}})", R"({"a":[1]})", "no"},
              {R"({"a":{"$lt":5}})", R"({})", "no"},
              {R"({"a":{"$not":{"$lt":5}}})", R"({"a":"x"})", "yes"}});
}

// Goal: lists, presence, and what an absent key means to each operator. Method: each with and without the key.
TEST(FilterPresence, AbsentKeysFulfilOnlyNegatives) {
  expect_all({{R"({"a":{"$in":[1,"x",null]}})", R"({"a":"x"})", "yes"},
              {R"({"a":{"$in":[1,"x"]}})", R"({"a":"y"})", "no"},
              {R"({"a":{"$in":[]}})", R"({"a":"y"})", "no"},
              {R"({"a":{"$in":[2]}})", R"({"a":[1,2]})", "yes"},
              {R"({"a":{"$nin":[1,2]}})", R"({"a":3})", "yes"},
              {R"({"a":{"$nin":[1,2]}})", R"({"a":2})", "no"},
              {R"({"a":{"$exist":true}})", R"({"a":null})", "yes"},
              {R"({"a":{"$exist":true}})", R"({"a":{}})", "yes"},
              {R"({"a":{"$exist":true}})", R"({})", "no"},
              {R"({"a":{"$exist":false}})", R"({"a":null})", "no"},
              {R"({"a":{"$exist":false}})", R"({})", "yes"},
              {R"({"a":{"$neq":1}})", R"({})", "yes"},
              {R"({"a":{"$nin":[1]}})", R"({})", "yes"},
              {R"({"a":{"$not":{"$eq":1}}})", R"({})", "yes"},
              {R"({"a":{"$not":1}})", R"({})", "yes"},
              {R"({"a":{"$eq":1}})", R"({})", "no"},
              {R"({"a":{"$regex":"x"}})", R"({})", "no"},
              {R"({"a":1,"b":2})", R"({"a":1})", "no"}});
}

// Goal: keys dotted and nested, indexes, names with dots, arrays. Method: the same value reached in every way.
TEST(FilterKeys, ReachValues) {
  expect_all({{R"({"a.b.c":1})", R"({"a":{"b":{"c":1}}})", "yes"},
              {R"({"a":{"b":{"c":1}}})", R"({"a":{"b":{"c":1}}})", "yes"},
              {R"({"a":{"b.c":1}})", R"({"a.b":{"c":1}})", "yes"},
              {R"({"a.b":1})", R"({"a.b":1})", "yes"},
              {R"({"a.b":1})", R"({"a.b":2,"a":{"b":1}})", "yes"},
              {R"({"a.1":2})", R"({"a":[1,2]})", "yes"},
              {R"({"a.01":2})", R"({"a":[1,2]})", "no"},
              {R"({"a.2":2})", R"({"a":[1,2]})", "no"},
              {R"({"a.0.b":1})", R"({"a":[{"b":1}]})", "yes"},
              {R"({"0.b":1})", R"([{"b":1}])", "yes"},
              {R"({"a.0":1})", R"({"a":{"0":1}})", "yes"},
              {R"({"a":"x"})", R"({"a":["w","x"]})", "yes"},
              {R"({"a":"x"})", R"({"a":[["x"]]})", "no"},
              {R"({"a":["w","x"]})", R"({"a":["w","x"]})", "yes"},
              {R"({"a":["x","w"]})", R"({"a":["w","x"]})", "no"},
              {R"({"a":{"$neq":"x"}})", R"({"a":["w","x"]})", "no"},
              {R"({"a.b":1})", R"({"a":1})", "no"}});
}

// Goal: a wildcard is any element, several in a key too, the same element for all of one condition. Method: arrays.
TEST(FilterKeys, WildcardsAreAnyElement) {
  expect_all({{R"({"items.$.id":2})", R"({"items":[{"id":1},{"id":2}]})", "yes"},
              {R"({"items.$.id":3})", R"({"items":[{"id":1},{"id":2}]})", "no"},
              {R"({"items":{"$":{"id":2}}})", R"({"items":[{"id":1},{"id":2}]})", "yes"},
              {R"({"items":{"$.id":2}})", R"({"items":[{"id":1},{"id":2}]})", "yes"},
              {R"({"$.id":2})", R"([{"id":2}])", "yes"},
              {R"({"a.$.b.$.c":9})", R"({"a":[{"b":[]},{"b":[{"c":8},{"c":9}]}]})", "yes"},
              {R"({"a.$.p":{"$gt":1,"$lt":4}})", R"({"a":[{"p":0},{"p":5}]})", "no"},
              {R"({"a.$.p":{"$neq":1}})", R"({"a":[{"p":1},{"p":2}]})", "yes"},
              {R"({"a.$.p":{"$not":1}})", R"({"a":[{"p":1},{"p":2}]})", "no"},
              {R"({"a.$.p":{"$neq":1}})", R"({"a":[]})", "yes"},
              {R"({"a.$.p":1})", R"({"a":{"p":1}})", "no"},
              {R"({"a.$.p":1})", R"({"a":{"$":{"p":1}}})", "no"},
              {R"({"a.$.p":{"$exist":false}})", R"({"a":[{"q":1}]})", "yes"},
              {R"({"a.$":1})", R"({})", "invalid_key body.a.$"},
              {R"({"a":{"$":{"$gt":1}}})", R"({})", "invalid_key body.a.$.$gt"},
              {R"({"a.$.b.$.c.$.d.$.e":1})", R"({})", "too_complex body.a.$.b.$.c.$.d.$.e"}});
}

// Goal: logic anywhere in a filter. Method: each operator at the top, below a key, and nested.
TEST(FilterLogic, Combines) {
  expect_all({{R"({"$or":[{"a":1},{"b":2}]})", R"({"b":2})", "yes"},
              {R"({"$or":[{"a":1},{"b":2}]})", R"({"b":3})", "no"},
              {R"({"$and":[{"a":1},{"b":2}]})", R"({"a":1,"b":2})", "yes"},
              {R"({"$and":[{"a":1},{"b":2}]})", R"({"a":1})", "no"},
              {R"({"$not":{"a":1}})", R"({"a":1})", "no"},
              {R"({"$not":{"a":1,"b":2}})", R"({"a":1,"b":3})", "yes"},
              {R"({"a":{"$or":[{"$lt":1},{"$gt":5}]}})", R"({"a":6})", "yes"},
              {R"({"a":{"$or":[{"$lt":1},{"b":5}]}})", R"({"a":{"b":5}})", "yes"},
              {R"({"$or":[{"$and":[{"a":1},{"b":1}]},{"$not":{"c":{"$exist":true}}}]})", R"({"a":1})", "yes"},
              {R"({"a":{"$not":{"$neq":5}}})", R"({})", "no"},
              {R"({"a":{"$exist":true,"b":2}})", R"({"a":{"b":2}})", "yes"}});
}

// Goal: RE2, unanchored, on strings alone, with bounded memory. Method: patterns that match, that do not, that are
// none.
TEST(FilterRegex, IsLinear) {
  expect_all({{R"({"a":{"$regex":"b+"}})", R"({"a":"abbc"})", "yes"},
              {R"({"a":{"$regex":"^b"}})", R"({"a":"ab"})", "no"},
              {R"({"a":{"$regex":"(?i)B"}})", R"({"a":"b"})", "yes"},
              {R"({"a":{"$regex":"^.$"}})", R"({"a":"é"})", "yes"},
              {R"({"a":{"$regex":"1"}})", R"({"a":1})", "no"},
              {R"({"a":{"$regex":"b"}})", R"({"a":["b"]})", "no"},
              {R"({"a":{"$regex":"("}})", R"({})", "invalid_regex body.a.$regex"},
              {R"({"a":{"$regex":"(a)\\1"}})", R"({})", "invalid_regex body.a.$regex"},
              {R"({"a":{"$regex":1}})", R"({})", "wrong_type body.a.$regex"},
              {R"({"a":{"$regex":"((a{90}){90}){9}"}})", R"({})", "invalid_regex body.a.$regex"},
              {R"({"a":{"$regex":"(\\pL{20}){3}"}})", R"({})", "too_complex body.a.$regex"},
              {R"({"a":{"$regex":"\\pL{5}"}})", R"({})", "too_complex body.a.$regex"}});
}

// Goal: what is no filter is refused, naming the key. Method: one fault at a time.
TEST(FilterCompile, NamesTheKey) {
  expect_all({{R"({"a":{"$foo":1}})", "", "unknown_operator body.a.$foo"},
              {R"({"$foo":1})", "", "unknown_operator body.$foo"},
              {R"({"a":{"$or":1}})", "", "wrong_type body.a.$or"},
              {R"({"$or":[]})", "", "required body.$or"},
              {R"({"$or":[{"a":1},2]})", "", "wrong_type body.$or.1"},
              {R"({"$or":[{"a":{"$gt":null}}]})", "", "wrong_type body.$or.0.a.$gt"},
              {R"({"a":{"$not":{}}})", "", "required body.a.$not"},
              {R"({"a":{"$in":1}})", "", "wrong_type body.a.$in"},
              {R"({"a":{"$exist":1}})", "", "wrong_type body.a.$exist"},
              {R"({"a":{"$gt":true}})", "", "wrong_type body.a.$gt"},
              {R"({"":1})", "", "invalid_key body."},
              {R"({"a..b":1})", "", "invalid_key body.a..b"},
              {R"({"a.$gt":1})", "", "invalid_key body.a.$gt"},
              {R"([])", "", "wrong_type body"},
              {R"({"a":)", "", "invalid_json body"}});
  std::string many = "{", deep = "1";
  for (int index = 0; index < 600; ++index) many += (index > 0 ? ",\"a" : "\"a") + std::to_string(index) + "\":1";
  for (int index = 0; index < 40; ++index) deep = R"({"a":)" + deep + "}";
  EXPECT_EQ(judge_body(many + "}", "{}").substr(0, 11), "too_complex");
  EXPECT_EQ(judge_body(deep, "{}").substr(0, 11), "too_complex");
}

// Goal: all given scopes must hold; header names compare without case; an absent scope fulfils nothing. Method: one
// scope at a time.
TEST(FilterScopes, AllMustHold) {
  FilterText text = body_filter(R"({"a":1})");
  text.of(FilterScope::headers) = R"({"x-Tenant":"7"})";
  EXPECT_EQ(judge(text, {.headers = R"({"X-TENANT":"7"})", .body = R"({"a":1})"}), "yes");
  EXPECT_EQ(judge(text, {.headers = R"({"X-TENANT":"8"})", .body = R"({"a":1})"}), "no");
  EXPECT_EQ(judge(text, {.headers = R"({"X-TENANT":"7"})", .body = R"({"a":2})"}), "no");
  EXPECT_EQ(judge(text, {.body = R"({"a":1})"}), "no");
  EXPECT_EQ(judge(text, {.headers = R"({"X-TENANT":"7"})", .body = "not json"}), "no");
  text.of(FilterScope::headers) = "{}";
  EXPECT_EQ(judge(text, {.body = R"({"a":1})"}), "yes");
}

// Goal: an event's query and path are scopes, repeated names an array, opaque bytes no body. Method: an event of a
// source.
TEST(FilterScopes, OfAnEvent) {
  auto origin = std::make_shared<EventOrigin>();
  origin->url_query = "tag=a&tag=b%20c&one=%22";
  origin->url_path = "/ingest/x";
  EventContent content{.event_type = "t", .body = std::make_shared<std::string>(R"({"a":1})"), .origin = origin};
  FilterText text;
  text.of(FilterScope::query) = R"({"tag":"b c","one":"\""})";
  text.of(FilterScope::path) = R"({"path":{"$regex":"^/ingest/"}})";
  text.of(FilterScope::headers) = R"({"x":{"$exist":false}})";
  const auto filter = Filter::compile(text, "").value();
  FilterBudget budget(10000);
  auto subject = FilterSubject::of_event(content);
  EXPECT_EQ(filter->evaluate(subject, budget), FilterOutcome::matched);
  const auto of_body = Filter::compile(body_filter(R"({"a":1})"), "").value();
  EXPECT_EQ(of_body->evaluate(subject, budget), FilterOutcome::matched);
  origin->content_type = "text/plain";
  auto opaque = FilterSubject::of_event(content);
  EXPECT_EQ(of_body->evaluate(opaque, budget), FilterOutcome::failed);
}

// Goal: the cost is bounded by filter and body, and a budget stops it. Method: keys that name every way through a body
// of dotted names; a regular expression that no automaton holds; few steps.
TEST(FilterCost, IsBounded) {
  std::string body = "1", key = "a";
  for (int index = 0; index < 30; ++index) {
    body = R"({"a":)" + body + R"(,"a.a":)" + (index % 3 == 0 ? body : "1") + "}";
    if (index > 0) key += ".a";
    if (body.size() > 1'000'000) break;
  }
  const auto steps_for = [&](const std::string& filter) {
    const auto compiled = Filter::compile(body_filter(filter), "").value();
    FilterSubject subject({.body = body});
    FilterBudget budget(filter_limits::steps_max);
    static_cast<void>(compiled->evaluate(subject, budget));
    return filter_limits::steps_max - budget.left();
  };
  EXPECT_LT(steps_for(R"({")" + key + R"(":2})"), static_cast<std::int64_t>(body.size()));
  const std::string text(900'000, 'b');
  EXPECT_EQ(
      judge(body_filter(R"({"a":{"$regex":"(a|b)*a(a|b){60}"}})"), {.body = R"({"a":")" + text + R"("})"}, 1'000'000),
      "spent");
  EXPECT_EQ(judge(body_filter(R"({"a":1})"), {.body = R"({"a":1})"}, 1), "spent");
}

// Goal: a failed filter says which condition of the event failed it. Method: the first of several, absent, under logic.
TEST(FilterWhy, NamesTheClause) {
  const auto why = [](const char* filter, const char* body) {
    const auto compiled = Filter::compile(body_filter(filter), "").value();
    FilterSubject subject({.body = std::string_view(body)});
    FilterBudget budget(100000);
    const auto failed = compiled->find_failed(subject, budget);
    if (!failed) return std::string("matched");
    return std::string(to_text(failed->scope)) + "|" + failed->key + "|" + failed->operator_name + "|" +
           failed->expected + "|" + (failed->is_present ? failed->actual : "absent");
  };
  EXPECT_EQ(why(R"({"a":1,"b.c":{"$gt":2,"$lt":9}})", R"({"a":1,"b":{"c":10}})"), "body|b.c|$lt|9|10");
  EXPECT_EQ(why(R"({"a":"x"})", R"({})"), R"(body|a|$eq|"x"|absent)");
  EXPECT_EQ(why(R"({"$and":[{"a":1},{"b":2}]})", R"({"a":1,"b":[3]})"), "body|b|$eq|2|[3]");
  EXPECT_EQ(why(R"({"$or":[{"a":1}]})", R"({"a":2})"), R"(body||$or|[{"a":1}]|{"a":2})");
  EXPECT_EQ(why(R"({"a":{"$not":2}})", R"({"a":2})"), "body|a|$not|2|2");
  EXPECT_EQ(why(R"({"a":1})", R"({"a":1})"), "matched");
}

// Goal: what an index goes by is required by the filter, and spells equal values equally. Method: filters with and
// without such a condition; values that are equal in the language.
TEST(FilterIndex, FindsARequiredEquality) {
  const auto found = [](const char* filter) {
    const auto equality = Filter::compile(body_filter(filter), "").value()->find_equality();
    std::string text = equality ? equality->key : "none";
    if (equality) {
      for (const auto& value : equality->values) text += " " + value;
    }
    return text;
  };
  EXPECT_EQ(found(R"({"x":{"$gt":1},"a.b":7})"), "a.b s7");
  EXPECT_EQ(found(R"({"a":{"$in":["7",7.0,true,null]}})"), "a s7 t z");
  EXPECT_EQ(found(R"({"$and":[{"a":"x"}]})"), "a sx");
  EXPECT_EQ(found(R"({"$or":[{"a":"x"}]})"), "none");
  EXPECT_EQ(found(R"({"$not":{"a":"x"}})"), "none");
  EXPECT_EQ(found(R"({"a.$.b":"x"})"), "none");
  EXPECT_EQ(found(R"({"a":[1]})"), "none");
  const std::string body = R"({"a":[7.0,"x",{"b":1}]})";
  const auto tape = JsonTape::parse(body).value();
  std::vector<std::string> keys;
  FilterBudget budget(1000);
  EXPECT_TRUE(list_value_keys(tape, "a", budget, keys));
  EXPECT_EQ(keys, (std::vector<std::string>{"s7", "sx"}));
}

// Goal: what clients read back is flat. Method: nested keys, operators, arrays, an empty object.
TEST(FilterForm, Flattens) {
  EXPECT_EQ(flatten_filter(R"({"customer":{"tier":"gold","x":{"$gt":1}},"a":[{"b":1}],"e":{}})"),
            R"({"customer.tier":"gold","customer.x":{"$gt":1},"a":[{"b":1}],"e":{}})");
  EXPECT_EQ(flatten_filter(R"({"$or":[{"a":{"b":1}}]})"), R"({"$or":[{"a":{"b":1}}]})");
  EXPECT_EQ(flatten_filter("{}"), "{}");
}

// Goal: canonical spellings are one for a number. Method: numbers spelled in several ways; texts that are none.
TEST(Decimal, HasOneCanonicalSpelling) {
  for (const auto& [text, canonical] : std::vector<std::pair<std::string, std::string>>{{"0", "0"},
                                                                                        {"-0.00e5", "0"},
                                                                                        {"1e3", "1000"},
                                                                                        {"12.500", "12.5"},
                                                                                        {"1e-3", "0.001"},
                                                                                        {"-1200e-2", "-12"},
                                                                                        {"100", "100"}}) {
    EXPECT_EQ(to_canonical(parse_decimal(text), 64), canonical) << text;
    EXPECT_TRUE(is_canonical(canonical)) << canonical;
  }
  EXPECT_FALSE(to_canonical(parse_decimal("1e100"), 64));
  for (const char* text : {"", "-", "-0", "007", "7.0", "1e3", ".5", "5.", "+7", " 7", "0x1", "1.", "-0.0"})
    EXPECT_FALSE(is_canonical(text)) << text;
  EXPECT_TRUE(parse_decimal("-2") > parse_decimal("-10"));
  EXPECT_TRUE(parse_decimal("0.1") < parse_decimal("0.11"));
}

}  // namespace
}  // namespace fairlead
