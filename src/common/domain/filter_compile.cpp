#include <algorithm>
#include <array>

#include "common/domain/filter_program.hpp"

namespace fairlead {
namespace {

using Place = JsonTape::Place;
using enum FilterOperator;

constexpr std::array kOperatorNames{"$eq", "$neq", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$regex", "$exist"};
// For one expression's program and its caches; the two or three that it really needs are much smaller.
constexpr std::int64_t kRegexBytesMax = 256 * 1024;

std::optional<FilterOperator> operator_from(std::string_view name) {
  const auto found = std::ranges::find(kOperatorNames, name);
  if (found == kOperatorNames.end()) return std::nullopt;
  return static_cast<FilterOperator>(found - kOperatorNames.begin());
}

// A key that begins with "$" is an operator, unless that is the wildcard.
bool is_operator(std::string_view key) { return key.starts_with('$') && first_part(key) != "$"; }

std::unexpected<Error> refuse(const std::string& field, std::string reason, std::string_view what) {
  return bad_field(field, std::move(reason), field + ": " + std::string(what));
}

class Compiler {
 public:
  Compiler(const JsonTape& tape, std::size_t& regexes) : tape_(tape), regexes_(regexes) {}

  // The conditions of the object at `at`, whose keys continue `prefix`; `field` is how the error names the object.
  Result<FilterClause> read_object(Place at, const std::string& prefix, const std::string& field, std::size_t depth) {
    if (depth > filter_limits::depth_max) return refuse(field, "too_complex", "nested too deeply");
    FilterClause all{.key = prefix};
    FilterClause tests{.kind = FilterClause::Kind::condition, .key = prefix};
    for (const auto& [name, value] : members_of(at)) {
      const std::string member = field + "." + name;
      if (!is_operator(name)) {
        FL_TRY(auto key, join(prefix, name, member));
        FL_TRY_VOID(read_value(all, value, std::move(key), member, depth));
      } else if (name == "$and" || name == "$or" || name == "$not") {
        FL_TRY(auto clause, read_logic(name, value, prefix, member, depth));
        all.children.push_back(std::move(clause));
      } else {
        FL_TRY(auto test, read_test(name, value, prefix, member));
        tests.tests.push_back(std::move(test));
      }
    }
    if (!tests.tests.empty()) all.children.push_back(std::move(tests));
    return all;
  }

 private:
  // The last of equal names counts.
  std::vector<std::pair<std::string, Place>> members_of(Place object) {
    std::vector<std::pair<std::string, Place>> members;
    std::string storage;
    tape_.any_member(object, [&](Place key, Place value) {
      const std::string name(tape_.text(key, storage));
      std::erase_if(members, [&](const auto& known) { return known.first == name; });
      members.emplace_back(name, value);
      return members.size() > filter_limits::conditions_max;  // more is refused in any case
    });
    return members;
  }

  Result<std::string> join(const std::string& prefix, const std::string& name, const std::string& field) {
    std::string key = prefix.empty() ? name : prefix + "." + name;
    if (key.size() > filter_limits::key_bytes_max) return refuse(field, "too_complex", "the key is too long");
    std::size_t parts = 0, wildcards = 0;
    for (std::size_t begin = 0; begin <= key.size(); ++parts) {
      const auto part = first_part(std::string_view(key).substr(begin));
      if (part.empty()) return refuse(field, "invalid_key", "a key has no empty parts");
      if (part.starts_with('$') && part != "$")
        return refuse(field, "invalid_key", "an operator stands in an object of its own, not in a dotted key");
      wildcards += part == "$" ? 1 : 0;
      begin += part.size() + 1;
    }
    if (parts > filter_limits::key_parts_max) return refuse(field, "too_complex", "the key has too many parts");
    if (wildcards > filter_limits::wildcards_max)
      return refuse(field, "too_complex", "a key has at most three wildcards \"$\"");
    return key;
  }

  Result<void> read_value(FilterClause& all, Place value, std::string key, const std::string& field,
                          std::size_t depth) {
    if (tape_.kind(value) == JsonKind::object && tape_.count(value) > 0) {
      FL_TRY(auto nested, read_object(value, key, field, depth + 1));
      for (auto& child : nested.children) all.children.push_back(std::move(child));
      return {};
    }
    FL_TRY(auto equality, make_equality(value, std::move(key), field));
    all.children.push_back(std::move(equality));
    return {};
  }

  Result<FilterClause> make_equality(Place value, std::string key, const std::string& field) {
    FL_TRY_VOID(count_condition(key, field));
    FilterTest test{.name = eq, .at = value};
    FL_TRY(auto operand, read_operand(value, field));
    test.operands.push_back(std::move(operand));
    FilterClause clause{.kind = FilterClause::Kind::condition, .key = std::move(key)};
    clause.tests.push_back(std::move(test));
    return clause;
  }

  Result<FilterClause> read_logic(const std::string& name, Place value, const std::string& prefix,
                                  const std::string& field, std::size_t depth) {
    using Kind = FilterClause::Kind;
    FilterClause clause{.kind = name == "$or"    ? Kind::any
                                : name == "$and" ? Kind::all
                                                 : Kind::negation,
                        .key = prefix,
                        .at = value};
    if (name == "$not") {
      if (tape_.kind(value) == JsonKind::object) {
        if (tape_.count(value) == 0) return refuse(field, "required", "expected conditions");
        FL_TRY(auto inner, read_object(value, prefix, field, depth + 1));
        clause.children.push_back(std::move(inner));
      } else {
        FL_TRY(auto inner, make_equality(value, prefix, field));
        clause.children.push_back(std::move(inner));
      }
      return clause;
    }
    if (tape_.kind(value) != JsonKind::array) return refuse(field, "wrong_type", "expected an array of filters");
    if (tape_.count(value) == 0) return refuse(field, "required", "expected at least one filter");
    std::size_t index = 0;
    std::optional<Error> fault;
    tape_.any_item(value, [&](Place item) {
      const std::string place = field + "." + std::to_string(index++);
      if (tape_.kind(item) != JsonKind::object) {
        fault = refuse(place, "wrong_type", "expected an object").error();
      } else if (auto inner = read_object(item, prefix, place, depth + 1)) {
        clause.children.push_back(*std::move(inner));
      } else {
        fault = inner.error();
      }
      if (!fault && clause.children.size() > filter_limits::conditions_max)
        fault = refuse(field, "too_complex", "too many filters").error();
      return fault.has_value();
    });
    if (fault) return fail(*fault);
    return clause;
  }

  Result<FilterTest> read_test(const std::string& name, Place value, const std::string& key, const std::string& field) {
    const auto known = operator_from(name);
    if (!known) return refuse(field, "unknown_operator", "there is no operator " + name);
    FL_TRY_VOID(count_condition(key, field));
    FilterTest test{.name = *known, .at = value};
    const auto kind = tape_.kind(value);
    if (test.name == in || test.name == nin) {
      FL_TRY_VOID(read_list(test, value, field));
      return test;
    }
    if (test.name == exist && kind != JsonKind::boolean) return refuse(field, "wrong_type", "expected true or false");
    if (test.name == regex) {
      FL_TRY_VOID(read_regex(test, value, field));
      return test;
    }
    const bool is_ordering = test.name == gt || test.name == gte || test.name == lt || test.name == lte;
    if (is_ordering && kind != JsonKind::number && kind != JsonKind::string)
      return refuse(field, "wrong_type", "expected a number or a string");
    FL_TRY(auto operand, read_operand(value, field));
    test.operands.push_back(std::move(operand));
    return test;
  }

  Result<void> read_list(FilterTest& test, Place value, const std::string& field) {
    if (tape_.kind(value) != JsonKind::array) return refuse(field, "wrong_type", "expected an array");
    if (tape_.count(value) > filter_limits::list_items_max) return refuse(field, "too_complex", "too many items");
    std::optional<Error> fault;
    tape_.any_item(value, [&](Place item) {
      auto operand = read_operand(item, field);
      if (operand)
        test.operands.push_back(*std::move(operand));
      else
        fault = operand.error();
      return fault.has_value();
    });
    if (fault) return fail(*fault);
    return {};
  }

  Result<void> read_regex(FilterTest& test, Place value, const std::string& field) {
    if (tape_.kind(value) != JsonKind::string) return refuse(field, "wrong_type", "expected a regular expression");
    std::string storage;
    const auto pattern = tape_.text(value, storage);
    if (pattern.size() > filter_limits::regex_bytes_max || ++regexes_ > filter_limits::regexes_max)
      return refuse(field, "too_complex", "a regular expression is too long, or there are too many");
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kRegexBytesMax);
    auto compiled = std::make_unique<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (compiled->error_code() == re2::RE2::ErrorPatternTooLarge)
      return refuse(field, "too_complex", "the regular expression is too large");
    if (!compiled->ok()) return refuse(field, "invalid_regex", "not a regular expression (RE2): " + compiled->error());
    if (compiled->ProgramSize() > filter_limits::regex_program_max)
      return refuse(field, "too_complex", "the regular expression is too large");
    test.regex = std::move(compiled);
    return {};
  }

  Result<FilterOperand> read_operand(Place at, const std::string& field) {
    FilterOperand operand{.at = at, .kind = tape_.kind(at)};
    if (operand.kind == JsonKind::number) {
      operand.number = parse_decimal(tape_.raw(at));
      if (!is_comparable(*operand.number)) return refuse(field, "out_of_range", "the number's exponent is too large");
    } else if (operand.kind == JsonKind::string) {
      std::string storage;
      operand.text = tape_.text(at, storage);
      if (is_canonical(operand.text)) operand.number = parse_decimal(operand.text);
    }
    return operand;
  }

  Result<void> count_condition(const std::string& key, const std::string& field) {
    if (key == "$" || key.ends_with(".$"))
      return refuse(field, "invalid_key", "a wildcard \"$\" is followed by a key of the elements");
    if (++conditions_ > filter_limits::conditions_max) return refuse(field, "too_complex", "too many conditions");
    return {};
  }

  const JsonTape& tape_;
  std::size_t& regexes_;
  std::size_t conditions_ = 0;
};

}  // namespace

std::string_view to_text(FilterOperator name) { return kOperatorNames[static_cast<std::size_t>(name)]; }

Result<std::shared_ptr<const FilterProgram>> compile_scope(FilterScope scope, std::string_view text,
                                                           const std::string& field, std::size_t& regexes) {
  if (text.size() > filter_limits::text_bytes_max) return refuse(field, "too_complex", "the filter is too large");
  auto program = std::make_shared<FilterProgram>();
  program->scope = scope;
  program->text = text;
  auto tape = JsonTape::parse(program->text);
  if (!tape) {
    auto error = tape.error();
    error.field = field;
    return fail(std::move(error));
  }
  program->tape = *std::move(tape);
  if (program->tape.kind(0) != JsonKind::object) return refuse(field, "wrong_type", "expected an object");
  FL_TRY(program->root, Compiler(program->tape, regexes).read_object(0, "", field, 1));
  if (program->root.children.empty()) return std::shared_ptr<const FilterProgram>();
  return std::shared_ptr<const FilterProgram>(std::move(program));
}

Result<std::shared_ptr<const Filter>> Filter::compile(const FilterText& text, const std::string& field) {
  std::vector<std::shared_ptr<const FilterProgram>> programs;
  std::size_t regexes = 0;
  for (const auto scope : filter_scopes) {
    if (!text.of(scope)) continue;
    const std::string place = (field.empty() ? "" : field + ".") + std::string(to_text(scope));
    FL_TRY(auto program, compile_scope(scope, *text.of(scope), place, regexes));
    if (program) programs.push_back(std::move(program));
  }
  return std::make_shared<const Filter>(std::move(programs));
}

}  // namespace fairlead
