// The match language: a filter compiled once, shared, and evaluated over an event's body, headers, query and path.
// What the operators mean is said in docs/FILTERS.md; in short: all conditions must hold, an absent key fulfils none
// but the negative ones, numbers compare exactly, and "$" in a key stands for any element of an array.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"
#include "common/domain/delivery.hpp"
#include "common/domain/json_tape.hpp"

namespace fairlead {

enum class FilterScope : std::uint8_t { headers, query, path, body };
inline constexpr std::array filter_scopes{FilterScope::headers, FilterScope::query, FilterScope::path,
                                          FilterScope::body};
[[nodiscard]] std::string_view to_text(FilterScope scope);

namespace filter_limits {
inline constexpr std::size_t text_bytes_max = 64 * 1024;  // of one scope
inline constexpr std::size_t conditions_max = 512;
inline constexpr std::size_t key_bytes_max = 512;
inline constexpr std::size_t key_parts_max = 32;
inline constexpr std::size_t wildcards_max = 3;  // in one key
inline constexpr std::size_t depth_max = 32;
inline constexpr std::size_t list_items_max = 2000;  // of $in and $nin
inline constexpr std::size_t regex_bytes_max = 1024;
inline constexpr std::size_t regexes_max = 16;
inline constexpr int regex_program_max = 1000;  // instructions
// One filter over one event: what takes more cannot be evaluated.
inline constexpr std::int64_t steps_max = 8'000'000;
}  // namespace filter_limits

// A filter as it was given: the JSON object of each scope that was given.
struct FilterText {
  std::array<std::optional<std::string>, filter_scopes.size()> scopes;
  [[nodiscard]] std::optional<std::string>& of(FilterScope scope) { return scopes[static_cast<std::size_t>(scope)]; }
  [[nodiscard]] const std::optional<std::string>& of(FilterScope scope) const {
    return scopes[static_cast<std::size_t>(scope)];
  }
  // Whether some scope has a condition.
  [[nodiscard]] bool says_something() const;
};

// What evaluation may cost: a step is a value looked at, some fifty nanoseconds at worst.
class FilterBudget {
 public:
  explicit FilterBudget(std::int64_t steps) : left_(steps) {}
  // False once the steps are used up.
  bool spend(std::int64_t steps) { return (left_ -= steps) >= 0; }
  [[nodiscard]] bool is_spent() const { return left_ < 0; }
  [[nodiscard]] std::int64_t left() const { return left_; }

 private:
  std::int64_t left_;
};

// An event as filters see it; each scope is parsed when the first filter asks for it. One thread at a time.
class FilterSubject {
 public:
  // JSON texts; a scope that is absent, or no JSON, is there for no condition at all.
  struct Texts {
    std::optional<std::string> headers, query, path;
    std::optional<std::string_view> body;  // must outlive the subject
  };
  explicit FilterSubject(Texts texts);
  // Keeps a view of the content's body, which must outlive it.
  [[nodiscard]] static FilterSubject of_event(const EventContent& content);

  // A view: it must outlive the subject. Before the body is asked for.
  void set_body(std::string_view text) { scopes_[static_cast<std::size_t>(FilterScope::body)].text = text; }

  // Null: the scope is absent. Parsing is charged.
  [[nodiscard]] const JsonTape* find(FilterScope scope, FilterBudget& budget);

 private:
  struct Scope {
    std::optional<std::string_view> text;
    std::unique_ptr<const std::string> storage;  // stays where it is when the subject moves
    std::optional<JsonTape> tape;
    bool is_parsed = false;
  };
  std::array<Scope, filter_scopes.size()> scopes_;
};

struct FilterProgram;

enum class FilterOutcome : std::uint8_t {
  matched,
  failed,
  exhausted,  // the budget ran out before it was decided
};

// Why a filter failed: the condition that did not hold, in words of the filter.
struct FailedClause {
  FilterScope scope = FilterScope::body;
  std::string key;            // dotted; empty: the scope's whole value
  std::string operator_name;  // "$eq" also for implicit equality
  std::string expected;       // JSON text of the operand
  bool is_present = false;    // whether the event has that key
  std::string actual;         // JSON text of the (first) value there; empty if absent or over 1 KiB
};

// An equality that every event must fulfil which the filter matches; what an index of many filters goes by.
struct FilterEquality {
  std::string key;                  // dotted, without wildcards, in the body
  std::vector<std::string> values;  // one of them, in the spelling of visit_value_keys
};

class Filter {
 public:
  // Code::invalid, naming the key below `field` (unknown_operator, wrong_type, invalid_key, invalid_regex, too_complex,
  // out_of_range, required), if a scope is no filter.
  [[nodiscard]] static Result<std::shared_ptr<const Filter>> compile(const FilterText& text, const std::string& field);

  // Cheap scopes first; the body is parsed only if a condition asks for it.
  [[nodiscard]] FilterOutcome evaluate(FilterSubject& subject, FilterBudget& budget) const;
  // For a filter that failed: which condition did. Nothing if it does not fail within the budget.
  [[nodiscard]] std::optional<FailedClause> find_failed(FilterSubject& subject, FilterBudget& budget) const;
  [[nodiscard]] std::optional<FilterEquality> find_equality() const;
  [[nodiscard]] bool is_empty() const { return programs_.empty(); }

  explicit Filter(std::vector<std::shared_ptr<const FilterProgram>> programs) : programs_(std::move(programs)) {}

 private:
  std::vector<std::shared_ptr<const FilterProgram>> programs_;  // of scopes that have conditions, in their order
};

// The values at the key as an index spells them: equal values have equal spellings. Of an array its elements. Values
// that no index holds (long texts, containers) are left out. False if the budget ran out.
[[nodiscard]] bool list_value_keys(const JsonTape& tape, std::string_view key, FilterBudget& budget,
                                   std::vector<std::string>& value_keys);

// The object with nested keys joined by dots, as clients read a filter back: {"a":{"b":1}} is {"a.b":1}; operators and
// arrays stay whole. `text` is a JSON object.
[[nodiscard]] std::string flatten_filter(std::string_view text);

}  // namespace fairlead
