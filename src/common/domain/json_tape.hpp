// A JSON text taken apart once and read many times: its values in one flat row, numbers and strings left where they
// stand in the text, so that nothing is rounded and little is copied.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace fairlead {

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

class JsonTape {
 public:
  using Place = std::uint32_t;  // of a value; the whole text's is 0

  // validate_json, then the row. Keeps a view: the text must outlive the tape. Code::too_large over 1 GiB.
  [[nodiscard]] static Result<JsonTape> parse(std::string_view text);

  [[nodiscard]] JsonKind kind(Place at) const { return nodes_[at].kind; }
  [[nodiscard]] bool boolean(Place at) const { return text_[nodes_[at].begin] == 't'; }
  // The value's exact text.
  [[nodiscard]] std::string_view raw(Place at) const {
    return text_.substr(nodes_[at].begin, nodes_[at].end - nodes_[at].begin);
  }
  // A string's text; `storage` holds it if it had escapes.
  [[nodiscard]] std::string_view text(Place at, std::string& storage) const;
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  // Of an array: its items; of an object: its members, duplicates included.
  [[nodiscard]] std::uint32_t count(Place at) const { return nodes_[at].count; }

  // Visits an array's items in order until `visit(Place)` says true, and answers whether one did.
  template <class Visit>
  bool any_item(Place array, Visit&& visit) const {
    Place at = array + 1;
    for (std::uint32_t left = nodes_[array].count; left > 0; --left, at = nodes_[at].next) {
      if (visit(at)) return true;
    }
    return false;
  }
  // The same for an object's members: `visit(Place key, Place value)`. Of equal keys the last one counts (RFC 8259 §4
  // leaves it open, JSON parsers agree on it): the visitor sees them all.
  template <class Visit>
  bool any_member(Place object, Visit&& visit) const {
    Place at = object + 1;
    for (std::uint32_t left = nodes_[object].count; left > 0; --left, at = nodes_[at + 1].next) {
      if (visit(at, at + 1)) return true;
    }
    return false;
  }

 private:
  struct Node {
    JsonKind kind = JsonKind::null;
    bool has_escape = false;
    std::uint32_t begin = 0, end = 0;  // in the text
    Place next = 0;                    // behind the value and everything in it
    std::uint32_t count = 0;
  };
  class Reader;
  std::string_view text_;
  std::vector<Node> nodes_;
};

}  // namespace fairlead
