#include "common/domain/filter_values.hpp"

#include <algorithm>
#include <charconv>

namespace fairlead {
namespace {

using Place = JsonTape::Place;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_equal(std::string_view a, std::string_view b, bool ignores_case) {
  if (a.size() != b.size()) return false;
  if (!ignores_case) return a == b;
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::int64_t cost_of(std::size_t bytes) { return 1 + static_cast<std::int64_t>(bytes / 64); }

// A wildcard stands for elements of arrays, never for a name.
bool has_wildcard(std::string_view name) {
  for (std::size_t begin = 0; begin <= name.size();) {
    const auto part = first_part(name.substr(begin));
    if (part == "$") return true;
    begin += part.size() + 1;
  }
  return false;
}

// Whether every member of `a` has its equal in `b`.
bool holds_members(const JsonTape& a, Place at_a, const JsonTape& b, Place at_b, FilterBudget& budget);

bool is_same_scalar(const JsonTape& a, Place at_a, const JsonTape& b, Place at_b) {
  std::string storage_a, storage_b;
  if (a.kind(at_a) == JsonKind::string && b.kind(at_b) == JsonKind::string)
    return a.text(at_a, storage_a) == b.text(at_b, storage_b);
  if (a.kind(at_a) == JsonKind::number && b.kind(at_b) == JsonKind::number)
    return a.raw(at_a) == b.raw(at_b) || parse_decimal(a.raw(at_a)) == parse_decimal(b.raw(at_b));
  if (a.kind(at_a) == JsonKind::string && b.kind(at_b) == JsonKind::number) {
    const auto text = a.text(at_a, storage_a);
    return is_canonical(text) && parse_decimal(text) == parse_decimal(b.raw(at_b));
  }
  if (a.kind(at_a) == JsonKind::number && b.kind(at_b) == JsonKind::string) return is_same_scalar(b, at_b, a, at_a);
  if (a.kind(at_a) != b.kind(at_b)) return false;
  return a.kind(at_a) == JsonKind::null || a.boolean(at_a) == b.boolean(at_b);
}

bool is_container(JsonKind kind) { return kind == JsonKind::array || kind == JsonKind::object; }

bool is_same_array(const JsonTape& a, Place at_a, const JsonTape& b, Place at_b, FilterBudget& budget) {
  if (a.count(at_a) != b.count(at_b)) return false;
  std::vector<Place> items;
  items.reserve(b.count(at_b));
  b.any_item(at_b, [&](Place item) {
    items.push_back(item);
    return false;
  });
  std::size_t index = 0;
  return !a.any_item(at_a, [&](Place item) { return !is_same_value(a, item, b, items[index++], budget); });
}

// The last member of that name.
std::optional<Place> find_member(const JsonTape& tape, Place object, std::string_view name, FilterBudget& budget) {
  std::optional<Place> found;
  std::string storage;
  tape.any_member(object, [&](Place key, Place value) {
    if (tape.text(key, storage) == name) found = value;
    return !budget.spend(1);
  });
  return found;
}

bool holds_members(const JsonTape& a, Place at_a, const JsonTape& b, Place at_b, FilterBudget& budget) {
  std::string storage;
  return !a.any_member(at_a, [&](Place key, Place) {
    const std::string name(a.text(key, storage));
    const auto mine = find_member(a, at_a, name, budget);
    const auto other = find_member(b, at_b, name, budget);
    return !mine || !other || budget.is_spent() || !is_same_value(a, *mine, b, *other, budget);
  });
}

// The names alone: whether `a` has every name of `b`.
bool has_names(const JsonTape& a, Place at_a, const JsonTape& b, Place at_b, FilterBudget& budget) {
  std::string storage;
  return !b.any_member(at_b, [&](Place key, Place) {
    const std::string name(b.text(key, storage));
    return !find_member(a, at_a, name, budget) || budget.is_spent();
  });
}

constexpr std::size_t kValueKeyBytesMax = 64;

std::optional<std::string> value_key(const JsonTape& tape, Place at) {
  switch (tape.kind(at)) {
    case JsonKind::null:
      return "z";
    case JsonKind::boolean:
      return tape.boolean(at) ? "t" : "f";
    case JsonKind::number: {
      auto text = to_canonical(parse_decimal(tape.raw(at)), kValueKeyBytesMax);
      if (text) text->insert(0, "s");
      return text;
    }
    case JsonKind::string: {
      std::string storage;
      const auto text = tape.text(at, storage);
      if (text.size() > kValueKeyBytesMax) return std::nullopt;
      return "s" + std::string(text);
    }
    default:
      return std::nullopt;
  }
}

// The condition's values, if it says that one of few must be there.
std::optional<FilterEquality> equality_of(const FilterClause& clause, const JsonTape& tape) {
  constexpr std::size_t kValuesMax = 16;
  if (clause.key.empty() || has_wildcard(clause.key)) return std::nullopt;
  for (const auto& test : clause.tests) {
    const bool is_equality = test.name == FilterOperator::eq || test.name == FilterOperator::in;
    if (!is_equality || test.operands.empty() || test.operands.size() > kValuesMax) continue;
    FilterEquality equality{.key = clause.key, .values = {}};
    for (const auto& operand : test.operands) {
      auto key = value_key(tape, operand.at);
      if (!key) break;
      if (std::ranges::find(equality.values, *key) == equality.values.end()) equality.values.push_back(std::move(*key));
    }
    const bool is_whole = std::ranges::all_of(
        test.operands, [&](const auto& operand) { return value_key(tape, operand.at).has_value(); });
    if (is_whole) return equality;
  }
  return std::nullopt;
}

std::optional<FilterEquality> find_equality_in(const FilterClause& clause, const JsonTape& tape) {
  if (clause.kind == FilterClause::Kind::condition) return equality_of(clause, tape);
  if (clause.kind != FilterClause::Kind::all) return std::nullopt;
  for (const auto& child : clause.children) {
    if (auto found = find_equality_in(child, tape)) return found;
  }
  return std::nullopt;
}

}  // namespace

bool is_same_value(const JsonTape& a, Place at_a, const JsonTape& b, Place at_b, FilterBudget& budget) {
  if (!budget.spend(cost_of(std::min(a.raw(at_a).size(), b.raw(at_b).size())))) return false;
  if (!is_container(a.kind(at_a)) || !is_container(b.kind(at_b))) return is_same_scalar(a, at_a, b, at_b);
  if (a.kind(at_a) != b.kind(at_b)) return false;
  if (a.kind(at_a) == JsonKind::array) return is_same_array(a, at_a, b, at_b, budget);
  return holds_members(b, at_b, a, at_a, budget) && has_names(b, at_b, a, at_a, budget);
}

void FilterWalk::find_members(Place object, std::string_view rest, bool is_top, Hits& hits) {
  std::string storage;
  tape_.any_member(object, [&](Place name_place, Place value) {
    const auto name = tape_.text(name_place, storage);
    if (!budget_.spend(1)) return true;
    if (name.empty() || name.size() > rest.size()) return false;
    if (name.size() < rest.size() && rest[name.size()] != '.') return false;
    if (!is_equal(name, rest.substr(0, name.size()), ignores_case_ && is_top) || has_wildcard(name)) return false;
    for (std::size_t index = 0; index < hits.count; ++index) {
      if (hits.items[index].name_bytes != name.size()) continue;
      hits.items[index].value = value;  // of equal names the last one counts
      return false;
    }
    if (hits.count < hits.items.size()) hits.items[hits.count++] = {name.size(), value};
    return false;
  });
}

std::optional<std::uint32_t> FilterWalk::index_of(std::string_view part) const {
  if (part.empty() || part.size() > 9 || (part.size() > 1 && part.front() == '0')) return std::nullopt;
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc{} || end != part.data() + part.size()) return std::nullopt;
  return index;
}

bool list_value_keys(const JsonTape& tape, std::string_view key, FilterBudget& budget,
                     std::vector<std::string>& value_keys) {
  const auto add = [&](Place at) {
    if (auto spelling = value_key(tape, at)) value_keys.push_back(std::move(*spelling));
    return !budget.spend(4);
  };
  static_cast<void>(FilterWalk(tape, key, false, budget).any([&](Place at) {
    if (tape.kind(at) == JsonKind::array) tape.any_item(at, add);
    return add(at);
  }));
  return !budget.is_spent();
}

std::optional<FilterEquality> Filter::find_equality() const {
  for (const auto& program : programs_) {
    if (program->scope == FilterScope::body) return find_equality_in(program->root, program->tape);
  }
  return std::nullopt;
}

}  // namespace fairlead
