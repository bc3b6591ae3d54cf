#include "common/domain/filter_program.hpp"

namespace fairlead {
namespace {

using Place = JsonTape::Place;

// An object whose keys are all keys of the event: its members move up.
bool is_plain_object(const JsonTape& tape, Place at) {
  if (tape.kind(at) != JsonKind::object || tape.count(at) == 0) return false;
  std::string storage;
  return !tape.any_member(at, [&](Place key, Place) {
    const auto name = tape.text(key, storage);
    return name.starts_with('$') && first_part(name) != "$";
  });
}

// A key's text without its quotes, as it was written: joined keys need no escaping of their own.
std::string_view inside(const JsonTape& tape, Place key) {
  const auto raw = tape.raw(key);
  return raw.substr(1, raw.size() - 2);
}

void flatten(const JsonTape& tape, Place object, const std::string& prefix, std::string& json) {
  tape.any_member(object, [&](Place key, Place value) {
    const std::string name = prefix + std::string(inside(tape, key));
    if (is_plain_object(tape, value)) {
      flatten(tape, value, name + ".", json);
    } else {
      if (json.size() > 1) json += ',';
      json += '"' + name + "\":" + std::string(tape.raw(value));
    }
    return false;
  });
}

}  // namespace

std::string flatten_filter(std::string_view text) {
  const auto tape = JsonTape::parse(text);
  if (!tape || tape->kind(0) != JsonKind::object) return "{}";
  std::string json = "{";
  flatten(*tape, 0, "", json);
  return json + "}";
}

}  // namespace fairlead
