#include "data_plane/ingest/request_members.hpp"

#include <algorithm>

namespace fairlead::ingest {
namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) { return to_lower(a) == b; });
}

const JsonMember* find_member(const std::vector<JsonMember>& members, std::string_view name, bool null_counts) {
  for (auto it = members.rbegin(); it != members.rend(); ++it) {
    if (equals_ignoring_case(it->key, name)) return it->value == "null" && !null_counts ? nullptr : &*it;
  }
  return nullptr;
}

Result<std::string> read_text(const std::vector<JsonMember>& members, std::string_view name, bool is_required,
                              std::size_t bytes_max) {
  const std::string field(name);
  const auto* member = find_member(members, name);
  if (member == nullptr) {
    if (is_required) return bad_field(field, "required", field + " is required");
    return std::string();
  }
  auto text = json_string(member->value);
  if (!text) return bad_field(field, "wrong_type", field + " must be a string");
  if (text->empty() && is_required) return bad_field(field, "required", field + " must not be empty");
  if (text->size() > bytes_max)
    return bad_field(field, "too_long", field + " may have at most " + std::to_string(bytes_max) + " bytes");
  return *std::move(text);
}

}  // namespace fairlead::ingest
