#include <algorithm>

#include "common/domain/filter_program.hpp"
#include "common/domain/filter_values.hpp"

namespace fairlead {
namespace {

using Place = JsonTape::Place;
using enum FilterOperator;

// The cost of a regular expression when its automaton does not fit the memory: every instruction for every byte, some
// twelve nanoseconds each.
std::int64_t regex_cost(std::size_t bytes, const re2::RE2& regex) {
  return 1 + static_cast<std::int64_t>(bytes) * (1 + regex.ProgramSize() / 4);
}

bool is_negative(FilterOperator name) { return name == neq || name == nin; }

// What a test says of a key that is not there.
bool holds_absent(const FilterTest& test, const JsonTape& program) {
  if (test.name == exist) return !program.boolean(test.at);
  return is_negative(test.name);
}

class Evaluation {
 public:
  Evaluation(const FilterProgram& program, const JsonTape& tape, FilterBudget& budget)
      : program_(program), tape_(tape), budget_(budget) {}

  // Meaningless once the budget is spent.
  bool holds(const FilterClause& clause) {
    if (!budget_.spend(1)) return false;
    switch (clause.kind) {
      case FilterClause::Kind::all:
        return std::ranges::all_of(clause.children, [&](const auto& child) { return holds(child); });
      case FilterClause::Kind::any:
        return std::ranges::any_of(clause.children, [&](const auto& child) { return holds(child); });
      case FilterClause::Kind::negation:
        return !holds(clause.children.front());
      case FilterClause::Kind::condition:
        return holds_condition(clause);
    }
    return false;
  }

  // The innermost condition that made the clause fail.
  const FilterClause& find_failed(const FilterClause& clause) {
    if (clause.kind != FilterClause::Kind::all) return clause;
    for (const auto& child : clause.children) {
      if (!holds(child)) return find_failed(child);
    }
    return clause;
  }

  FailedClause describe(const FilterClause& clause) {
    constexpr std::size_t kActualBytesMax = 1024;
    FailedClause failed{.scope = program_.scope, .key = clause.key};
    Place operand = clause.at;
    if (clause.kind == FilterClause::Kind::condition) {
      const auto& test = find_failed_test(clause);
      failed.operator_name = to_text(test.name);
      operand = test.at;
    } else {
      failed.operator_name = clause.kind == FilterClause::Kind::any ? "$or" : "$not";
    }
    failed.expected = program_.tape.raw(operand);
    failed.is_present = walk(clause).any([&](Place at) {
      const auto raw = tape_.raw(at);
      if (raw.size() <= kActualBytesMax) failed.actual = raw;
      return true;
    });
    return failed;
  }

 private:
  FilterWalk walk(const FilterClause& clause) {
    return {tape_, clause.key, program_.scope == FilterScope::headers, budget_};
  }

  // One value at the key must fulfil all tests of the condition.
  bool holds_condition(const FilterClause& clause) {
    bool is_present = false;
    const bool is_fulfilled = walk(clause).any([&](Place at) {
      is_present = true;
      return std::ranges::all_of(clause.tests, [&](const auto& test) { return holds_test(test, at); });
    });
    if (is_present || budget_.is_spent()) return is_fulfilled;
    return std::ranges::all_of(clause.tests, [&](const auto& test) { return holds_absent(test, program_.tape); });
  }

  // The first test that no value fulfils; if each is fulfilled by some value, the first.
  const FilterTest& find_failed_test(const FilterClause& clause) {
    for (const auto& test : clause.tests) {
      bool is_present = false;
      const bool is_fulfilled = walk(clause).any([&](Place at) {
        is_present = true;
        return holds_test(test, at);
      });
      if (is_present ? !is_fulfilled : !holds_absent(test, program_.tape)) return test;
    }
    return clause.tests.front();
  }

  bool holds_test(const FilterTest& test, Place at) {
    switch (test.name) {
      case eq:
      case in:
        return is_one_of(test, at);
      case neq:
      case nin:
        return !is_one_of(test, at);
      case exist:
        return program_.tape.boolean(test.at);
      case regex:
        return matches_regex(test, at);
      default:
        return is_ordered(test, at);
    }
  }

  // Equal to an operand, or an array with an element that is.
  bool is_one_of(const FilterTest& test, Place at) {
    return std::ranges::any_of(test.operands, [&](const auto& operand) {
      if (is_equal(operand, at)) return true;
      if (tape_.kind(at) != JsonKind::array || operand.kind == JsonKind::array) return false;
      return tape_.any_item(at, [&](Place item) { return is_equal(operand, item) || budget_.is_spent(); });
    });
  }

  bool is_equal(const FilterOperand& operand, Place at) {
    if (!budget_.spend(1 + static_cast<std::int64_t>(tape_.raw(at).size() / 64))) return false;
    const auto kind = tape_.kind(at);
    if (operand.kind == JsonKind::array || operand.kind == JsonKind::object)
      return kind == operand.kind && is_same_value(tape_, at, program_.tape, operand.at, budget_);
    if (operand.kind == JsonKind::string && kind == JsonKind::string) {
      std::string storage;
      return tape_.text(at, storage) == operand.text;
    }
    if (operand.number && kind == JsonKind::number) return parse_decimal(tape_.raw(at)) == *operand.number;
    if (operand.kind == JsonKind::number && kind == JsonKind::string) {
      std::string storage;
      const auto text = tape_.text(at, storage);
      return is_canonical(text) && parse_decimal(text) == *operand.number;
    }
    if (kind != operand.kind) return false;
    return kind == JsonKind::null || tape_.boolean(at) == program_.tape.boolean(operand.at);
  }

  bool is_ordered(const FilterTest& test, Place at) {
    const auto& operand = test.operands.front();
    if (tape_.kind(at) != operand.kind) return false;
    if (!budget_.spend(1 + static_cast<std::int64_t>(tape_.raw(at).size() / 64))) return false;
    std::strong_ordering order = std::strong_ordering::equal;
    if (operand.kind == JsonKind::number) {
      order = parse_decimal(tape_.raw(at)) <=> *operand.number;
    } else {
      // Bytes of UTF-8 are in the order of code points.
      std::string storage;
      order = tape_.text(at, storage).compare(operand.text) <=> 0;
    }
    switch (test.name) {
      case gt:
        return order > 0;
      case gte:
        return order >= 0;
      case lt:
        return order < 0;
      default:
        return order <= 0;
    }
  }

  bool matches_regex(const FilterTest& test, Place at) {
    if (tape_.kind(at) != JsonKind::string) return false;
    std::string storage;
    const auto text = tape_.text(at, storage);
    if (!budget_.spend(regex_cost(text.size(), *test.regex))) return false;
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *test.regex);
  }

  const FilterProgram& program_;
  const JsonTape& tape_;
  FilterBudget& budget_;
};

}  // namespace

FilterOutcome Filter::evaluate(FilterSubject& subject, FilterBudget& budget) const {
  for (const auto& program : programs_) {
    const auto* tape = subject.find(program->scope, budget);
    const bool holds = tape != nullptr && Evaluation(*program, *tape, budget).holds(program->root);
    if (budget.is_spent()) return FilterOutcome::exhausted;
    if (!holds) return FilterOutcome::failed;
  }
  return FilterOutcome::matched;
}

std::optional<FailedClause> Filter::find_failed(FilterSubject& subject, FilterBudget& budget) const {
  for (const auto& program : programs_) {
    const auto* tape = subject.find(program->scope, budget);
    if (tape == nullptr) return FailedClause{.scope = program->scope, .operator_name = "$exist", .expected = "true"};
    Evaluation evaluation(*program, *tape, budget);
    const bool holds = evaluation.holds(program->root);
    if (budget.is_spent()) return std::nullopt;
    if (holds) continue;
    auto failed = evaluation.describe(evaluation.find_failed(program->root));
    if (budget.is_spent()) return std::nullopt;
    return failed;
  }
  return std::nullopt;
}

}  // namespace fairlead
