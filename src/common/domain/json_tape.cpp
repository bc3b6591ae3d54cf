#include "common/domain/json_tape.hpp"

#include <algorithm>

#include "common/domain/json_scan.hpp"

namespace fairlead {
namespace {

constexpr std::size_t kTextBytesMax = std::size_t{1} << 30;

}  // namespace

// One pass over a text that was found well formed, without recursion.
class JsonTape::Reader {
 public:
  Reader(std::string_view text, std::vector<Node>& nodes) : text_(text), nodes_(nodes) {}

  void read() {
    skip();
    read_value();
    while (!open_.empty()) {
      skip();
      const char c = text_[at_];
      if (c == ',' || c == ':') {
        ++at_;
      } else if (c == ']' || c == '}') {
        close();
      } else {
        read_value();
      }
    }
  }

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  void close() {
    auto& container = nodes_[open_.back()];
    container.end = static_cast<std::uint32_t>(++at_);
    container.next = static_cast<Place>(nodes_.size());
    if (container.kind == JsonKind::object) container.count /= 2;
    open_.pop_back();
  }
  void read_value() {
    if (!open_.empty()) ++nodes_[open_.back()].count;
    const auto place = static_cast<Place>(nodes_.size());
    Node& node = nodes_.emplace_back();
    node.begin = static_cast<std::uint32_t>(at_);
    node.next = place + 1;
    switch (text_[at_]) {
      case '{':
      case '[':
        node.kind = text_[at_] == '{' ? JsonKind::object : JsonKind::array;
        ++at_;
        open_.push_back(place);
        return;
      case '"':
        node.kind = JsonKind::string;
        read_string(node);
        break;
      case 't':
      case 'f':
        node.kind = JsonKind::boolean;
        at_ += text_[at_] == 't' ? 4 : 5;
        break;
      case 'n':
        at_ += 4;
        break;
      default:
        node.kind = JsonKind::number;
        at_ = std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size());
    }
    node.end = static_cast<std::uint32_t>(at_);
  }
  void read_string(Node& node) {
    ++at_;
    while (text_[at_ = text_.find_first_of("\"\\", at_)] == '\\') {
      node.has_escape = true;
      at_ += 2;
    }
    ++at_;
  }

  std::string_view text_;
  std::vector<Node>& nodes_;
  std::vector<Place> open_;
  std::size_t at_ = 0;
};

Result<JsonTape> JsonTape::parse(std::string_view text) {
  if (text.size() > kTextBytesMax) return fail(Code::too_large, "a JSON text of over 1 GiB");
  FL_TRY_VOID(validate_json(text));
  JsonTape tape;
  tape.text_ = text;
  tape.nodes_.reserve(text.size() / 16 + 4);
  Reader(text, tape.nodes_).read();
  return tape;
}

std::string_view JsonTape::text(Place at, std::string& storage) const {
  const auto value = raw(at);
  if (!nodes_[at].has_escape) return value.substr(1, value.size() - 2);
  storage = json_string(value).value_or("");
  return storage;
}

}  // namespace fairlead
