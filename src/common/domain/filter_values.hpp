// Values of an event compared with each other and with operands, and found by a filter's keys.
#pragma once

#include <array>

#include "common/domain/filter_program.hpp"

namespace fairlead {

// Equality of the match language, without "array contains": numbers by value, a number and a string only if the string
// is the number's canonical spelling, containers by what is in them. False when the budget is spent.
[[nodiscard]] bool is_same_value(const JsonTape& a, JsonTape::Place at_a, const JsonTape& b, JsonTape::Place at_b,
                                 FilterBudget& budget);

// Walks from a scope's value along a dotted key. Whatever the key spells, a value is looked at once.
class FilterWalk {
 public:
  FilterWalk(const JsonTape& tape, std::string_view key, bool ignores_case, FilterBudget& budget)
      : tape_(tape), key_(key), ignores_case_(ignores_case), budget_(budget) {}

  // Visits the values at the key until `visit(Place)` says true or the budget is spent; true if a visit said so.
  template <class Visit>
  bool any(Visit&& visit) {
    return step(0, 0, visit);
  }

 private:
  using Place = JsonTape::Place;

  // The members whose names spell the next parts of the key; "a.b" may be one name or two.
  struct Hit {
    std::size_t name_bytes;
    Place value;
  };
  struct Hits {
    std::array<Hit, filter_limits::key_parts_max> items;  // the first `count`; the others are not set
    std::size_t count = 0;
  };
  void find_members(Place object, std::string_view rest, bool is_top, Hits& hits);
  [[nodiscard]] std::optional<std::uint32_t> index_of(std::string_view part) const;

  template <class Visit>
  bool step(Place at, std::size_t offset, Visit& visit) {
    if (!budget_.spend(1)) return false;
    if (offset >= key_.size()) return visit(at);
    const auto rest = key_.substr(offset);
    if (tape_.kind(at) == JsonKind::object) {
      Hits hits;
      find_members(at, rest, offset == 0, hits);
      for (std::size_t index = 0; index < hits.count; ++index) {
        if (step(hits.items[index].value, offset + hits.items[index].name_bytes + 1, visit)) return true;
      }
      return false;
    }
    if (tape_.kind(at) != JsonKind::array) return false;
    const auto part = first_part(rest);
    const auto next = offset + part.size() + 1;
    if (part == "$") return tape_.any_item(at, [&](Place item) { return step(item, next, visit); });
    const auto index = index_of(part);
    if (!index || *index >= tape_.count(at)) return false;
    std::uint32_t left = *index;
    bool is_found = false;
    tape_.any_item(at, [&](Place item) {
      if (left-- > 0) return !budget_.spend(1);
      is_found = step(item, next, visit);
      return true;
    });
    return is_found;
  }

  const JsonTape& tape_;
  std::string_view key_;
  bool ignores_case_;
  FilterBudget& budget_;
};

}  // namespace fairlead
