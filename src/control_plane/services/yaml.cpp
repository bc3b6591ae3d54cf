#include "control_plane/services/yaml.hpp"

#include <yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::control {
namespace {

using Json = nlohmann::ordered_json;

auto invalid(std::size_t line, const std::string& what) {
  return fail(Error{Code::invalid, "line " + std::to_string(line + 1) + ": " + what, "invalid_yaml"});
}

template <class Number>
std::optional<Number> read_whole(std::string_view text, int base) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?, as YAML 1.2 (10.3.2) has it.
bool is_float(std::string_view text) {
  const auto digits = [&] {
    const auto count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const auto whole = digits();
  std::size_t part = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    part = digits();
  }
  if (whole + part == 0) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

Json plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  std::string_view digits = text;
  if (digits.starts_with("0x")) {
    if (const auto number = read_whole<std::uint64_t>(digits.substr(2), 16)) return *number;
  } else if (digits.starts_with("0o")) {
    if (const auto number = read_whole<std::uint64_t>(digits.substr(2), 8)) return *number;
  }
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (const auto number = read_whole<std::int64_t>(digits, 10); number && !digits.starts_with("+")) return *number;
  if (is_float(text)) {
    double number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc{} && std::isfinite(number)) return number;
  }
  return text;
}

// Builds the document event by event; what it may hold is counted as it grows.
class Builder {
 public:
  Result<void> take(const yaml_event_t& event);
  [[nodiscard]] bool is_complete() const { return is_complete_; }
  Json result() { return std::move(root_); }

 private:
  struct Frame {
    Json value;
    std::string anchor;
    std::optional<std::string> key;  // of a mapping, once it was read
    std::size_t height = 1;
  };
  struct Anchored {
    Json value;
    std::size_t height = 0;
  };

  Result<void> open(Json container, const yaml_char_t* anchor, std::size_t line);
  Result<void> close(std::size_t line);
  Result<void> add(Json value, std::size_t height, std::size_t line);
  Result<void> add_scalar(const yaml_event_t& event);
  Result<void> add_alias(const yaml_event_t& event);
  Result<void> count(const Json& value);
  Result<void> count(std::size_t bytes);
  [[nodiscard]] bool is_key_next() const {
    return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().key;
  }

  std::vector<Frame> frames_;
  std::map<std::string, Anchored> anchors_;
  Json root_;
  bool is_complete_ = false;
  std::size_t nodes_ = 0, bytes_ = 0;
};

Result<void> Builder::count(std::size_t bytes) {
  bytes_ += bytes;
  if (++nodes_ <= yaml_nodes_max && bytes_ <= yaml_text_bytes_max) return {};
  return fail(Error{Code::invalid,
                    "the document, with what its aliases repeat, has more than " + std::to_string(yaml_nodes_max) +
                        " nodes or " + std::to_string(yaml_text_bytes_max) + " bytes",
                    "too_large"});
}

Result<void> Builder::count(const Json& value) {
  FL_TRY_VOID(count(value.is_string() ? value.get_ref<const std::string&>().size() : 0));
  if (!value.is_structured()) return {};
  for (const auto& [key, each] : value.items()) {
    bytes_ += key.size();
    FL_TRY_VOID(count(each));
  }
  return {};
}

Result<void> Builder::take(const yaml_event_t& event) {
  const auto line = event.start_mark.line;
  switch (event.type) {
    case YAML_DOCUMENT_START_EVENT:
      if (is_complete_) return invalid(line, "expected one document");
      return {};
    case YAML_MAPPING_START_EVENT:
      return open(Json::object(), event.data.mapping_start.anchor, line);
    case YAML_SEQUENCE_START_EVENT:
      return open(Json::array(), event.data.sequence_start.anchor, line);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
      return close(line);
    case YAML_SCALAR_EVENT:
      return add_scalar(event);
    case YAML_ALIAS_EVENT:
      return add_alias(event);
    default:
      return {};
  }
}

Result<void> Builder::open(Json container, const yaml_char_t* anchor, std::size_t line) {
  if (is_key_next()) return invalid(line, "a key must be a scalar");
  if (frames_.size() == yaml_depth_max) return invalid(line, "nested too deeply");
  FL_TRY_VOID(count(std::size_t{0}));
  frames_.push_back(
      {std::move(container), anchor == nullptr ? "" : reinterpret_cast<const char*>(anchor), std::nullopt});
  return {};
}

Result<void> Builder::close(std::size_t line) {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (!frame.anchor.empty()) {
    FL_TRY_VOID(count(frame.value));  // a copy, which counts like what an alias repeats
    anchors_[frame.anchor] = {frame.value, frame.height};
  }
  return add(std::move(frame.value), frame.height, line);
}

Result<void> Builder::add(Json value, std::size_t height, std::size_t line) {
  if (!frames_.empty()) frames_.back().height = std::max(frames_.back().height, height + 1);
  if (frames_.empty()) {
    if (is_complete_) return invalid(line, "expected one value");
    root_ = std::move(value);
    is_complete_ = true;
  } else if (auto& frame = frames_.back(); frame.value.is_array()) {
    frame.value.push_back(std::move(value));
  } else {
    frame.value[*frame.key] = std::move(value);
    frame.key.reset();
  }
  return {};
}

Result<void> Builder::add_scalar(const yaml_event_t& event) {
  const auto& scalar = event.data.scalar;
  std::string text(reinterpret_cast<const char*>(scalar.value), scalar.length);
  const auto line = event.start_mark.line;
  if (text.find('\0') != std::string::npos) return invalid(line, "a NUL cannot be stored");
  FL_TRY_VOID(count(text.size()));
  if (is_key_next()) {
    if (text == "<<" && scalar.style == YAML_PLAIN_SCALAR_STYLE)
      return invalid(line, "merge keys (<<) are not of YAML 1.2: write the members out");
    frames_.back().key = std::move(text);
    return {};
  }
  const std::string_view tag = scalar.tag == nullptr ? "" : reinterpret_cast<const char*>(scalar.tag);
  const bool is_plain = scalar.style == YAML_PLAIN_SCALAR_STYLE && tag != "!" && tag != "tag:yaml.org,2002:str";
  Json value = is_plain ? plain_scalar(text) : Json(std::move(text));
  if (scalar.anchor != nullptr) {
    FL_TRY_VOID(count(value));
    anchors_[reinterpret_cast<const char*>(scalar.anchor)] = {value, 0};
  }
  return add(std::move(value), 0, line);
}

Result<void> Builder::add_alias(const yaml_event_t& event) {
  const std::string name = reinterpret_cast<const char*>(event.data.alias.anchor);
  const auto line = event.start_mark.line;
  const auto found = anchors_.find(name);  // one that is still open is not there yet: no cycles
  if (found == anchors_.end()) return invalid(line, "no value has the anchor " + name);
  if (is_key_next()) return invalid(line, "a key must be a scalar");
  const auto& [value, height] = found->second;
  if (frames_.size() + height > yaml_depth_max) return invalid(line, "nested too deeply");
  FL_TRY_VOID(count(value));
  return add(value, height, line);
}

// libyaml's parser and one event, freed whatever happens.
struct Parser {
  yaml_parser_t parser{};
  yaml_event_t event{};
  bool is_made = yaml_parser_initialize(&parser) != 0;
  Parser() = default;
  Parser(const Parser&) = delete;
  ~Parser() {
    yaml_event_delete(&event);
    if (is_made) yaml_parser_delete(&parser);
  }
};

}  // namespace

Result<nlohmann::ordered_json> parse_yaml(std::string_view text) {
  Parser yaml;
  if (!yaml.is_made) return fail(Code::internal, "no memory for a YAML parser");
  yaml_parser_set_encoding(&yaml.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&yaml.parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  Builder builder;
  for (bool is_ended = false; !is_ended;) {
    yaml_event_delete(&yaml.event);
    if (yaml_parser_parse(&yaml.parser, &yaml.event) == 0) {
      const char* problem = yaml.parser.problem == nullptr ? "malformed" : yaml.parser.problem;
      return invalid(yaml.parser.problem_mark.line, problem);
    }
    is_ended = yaml.event.type == YAML_STREAM_END_EVENT;
    FL_TRY_VOID(builder.take(yaml.event));
  }
  if (!builder.is_complete()) return invalid(0, "the document is empty");
  return builder.result();
}

}  // namespace fairlead::control
