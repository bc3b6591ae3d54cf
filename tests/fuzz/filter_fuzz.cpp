// Filters of strangers over events of strangers: compiling and judging ends within its bounds, says the same again, and
// agrees with itself where the language says so.
#include "common/domain/filter.hpp"
#include "common/domain/filter_set.hpp"
#include "common/domain/json_scan.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead {
namespace {

using fuzz::require;

FilterOutcome judge(const Filter& filter, std::string_view event, std::int64_t steps) {
  FilterSubject::Texts texts{.headers = std::string(event), .query = "{}", .path = "{}"};
  texts.body = event;
  FilterSubject subject(std::move(texts));
  FilterBudget budget(steps);
  return filter.evaluate(subject, budget);
}

void check_refusal(const Error& error) {
  require(error.code == Code::invalid, "a closed code");
  require(!error.message.empty() && !error.reason.empty(), "a refusal says why");
  require(error.field.starts_with("at."), "a refusal names the key");
}

// `not` in front of a filter turns its answer round.
void check_negation(const std::string& text, FilterScope scope, std::string_view event, FilterOutcome outcome) {
  FilterText negated;
  negated.of(scope) = R"({"$not":)" + text + "}";
  const auto filter = Filter::compile(negated, "at");
  if (!filter || outcome == FilterOutcome::exhausted || !validate_json(event)) return;
  const auto opposite = judge(**filter, event, 10 * filter_limits::steps_max);
  require(opposite != outcome, "a negation is the opposite");
}

void check_index(const Filter& filter, std::string_view event, FilterOutcome outcome) {
  const auto equality = filter.find_equality();
  const auto tape = JsonTape::parse(event);
  if (!equality || !tape || outcome != FilterOutcome::matched) return;
  std::vector<std::string> keys;
  FilterBudget budget(filter_limits::steps_max);
  require(list_value_keys(*tape, equality->key, budget, keys), "values are listed");
  bool is_found = false;
  for (const auto& value : equality->values) {
    for (const auto& key : keys) is_found = is_found || key == value;
  }
  require(is_found, "an index by a required equality finds what matches");
}

}  // namespace
}  // namespace fairlead

// The first line is the filter, the rest the event.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  fuzz::Input input(data, size);
  const auto scope = input.byte() & 1 ? FilterScope::headers : FilterScope::body;
  const std::string text(input.line());
  const auto event = input.rest();
  FilterText given;
  given.of(scope) = text;
  const auto compiled = Filter::compile(given, "at");
  if (!compiled) {
    check_refusal(compiled.error());
    return 0;
  }
  const auto& filter = **compiled;
  const auto outcome = judge(filter, event, filter_limits::steps_max);
  fuzz::require(judge(filter, event, filter_limits::steps_max) == outcome, "the same filter, the same answer");
  fuzz::require(!filter.is_empty() || outcome == FilterOutcome::matched, "an empty filter lets everything pass");
  check_negation(text, scope, event, outcome);
  check_index(filter, event, outcome);
  FilterSubject::Texts texts{.headers = std::string(event)};
  texts.body = event;
  FilterSubject subject(std::move(texts));
  FilterBudget budget(10 * filter_limits::steps_max);
  const auto failed = filter.find_failed(subject, budget);
  fuzz::require(failed.has_value() == (outcome == FilterOutcome::failed) || outcome == FilterOutcome::exhausted,
                "what failed is told");
  if (failed) fuzz::require(validate_json(failed->expected).has_value(), "a clause is JSON");
  const auto flat = flatten_filter(text);
  fuzz::require(validate_json(flat).has_value(), "a flat filter is JSON");
  return 0;
}
