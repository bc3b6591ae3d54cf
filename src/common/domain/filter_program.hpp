// What a filter's scope is compiled to; the compiler writes it and the evaluator reads it.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/domain/decimal.hpp"
#include "common/domain/filter.hpp"

namespace fairlead {

enum class FilterOperator : std::uint8_t { eq, neq, gt, gte, lt, lte, in, nin, regex, exist };
[[nodiscard]] std::string_view to_text(FilterOperator name);

// A value that conditions compare with; containers are read from the program's tape.
struct FilterOperand {
  JsonTape::Place at = 0;
  JsonKind kind = JsonKind::null;
  std::string text;               // of a string
  std::optional<Decimal> number;  // of a number, and of a string that is one in canonical spelling
};

struct FilterTest {
  FilterOperator name = FilterOperator::eq;
  JsonTape::Place at = 0;               // the operand as it was given
  std::vector<FilterOperand> operands;  // of $in and $nin all items
  std::unique_ptr<const re2::RE2> regex;
};

struct FilterClause {
  enum class Kind : std::uint8_t { all, any, negation, condition };
  Kind kind = Kind::all;
  std::string key;                     // of conditions; of the others what stands before their keys
  JsonTape::Place at = 0;              // of $or and $not: the operand
  std::vector<FilterTest> tests;       // one value at the key must fulfil them all
  std::vector<FilterClause> children;  // a negation has one
};

struct FilterProgram {
  FilterScope scope = FilterScope::body;
  std::string text;
  JsonTape tape;  // of `text`
  FilterClause root;
};

// Null if the scope has no condition. Code::invalid naming the key below `field`.
[[nodiscard]] Result<std::shared_ptr<const FilterProgram>> compile_scope(FilterScope scope, std::string_view text,
                                                                         const std::string& field,
                                                                         std::size_t& regexes);

// The part of a key up to its next dot.
[[nodiscard]] inline std::string_view first_part(std::string_view key) { return key.substr(0, key.find('.')); }

}  // namespace fairlead
