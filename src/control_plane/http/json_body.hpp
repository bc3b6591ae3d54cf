// The JSON body of a request, read by the rules of the wire contract (1.3): names compare without case, unknown names
// are ignored, a wrong type is refused and names the field.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/result.hpp"

namespace fairlead::control {

// A member of a body: not there, there as null, or there with a value.
template <class T>
struct Field {
  bool is_present = false;
  bool is_null = false;
  T value{};
  [[nodiscard]] bool has_value() const { return is_present && !is_null; }
  [[nodiscard]] T value_or(T fallback) const { return has_value() ? value : std::move(fallback); }
};

struct Bounds {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

class JsonBody {
 public:
  // Code::invalid: "body_required" (empty), "invalid_json" (malformed, too deep, bad UTF-8, bytes after the value),
  // "wrong_type" (no object).
  [[nodiscard]] static Result<JsonBody> parse(std::string_view text);

  // Code::invalid, reason "wrong_type" or "out_of_range", naming the dotted field.
  [[nodiscard]] Result<Field<std::string>> text(std::string_view name, std::size_t bytes_max = 4096) const;
  [[nodiscard]] Result<Field<std::int64_t>> integer(std::string_view name, Bounds bounds) const;
  [[nodiscard]] Result<Field<bool>> boolean(std::string_view name) const;
  [[nodiscard]] Result<Field<JsonBody>> object(std::string_view name) const;
  [[nodiscard]] Result<Field<std::vector<JsonBody>>> objects(std::string_view name, std::size_t count_max) const;
  [[nodiscard]] Result<Field<std::vector<std::string>>> texts(std::string_view name, std::size_t count_max) const;
  // Whole seconds, or with `is_text_allowed` also a Go duration string.
  [[nodiscard]] Result<Field<std::int64_t>> seconds(std::string_view name, Bounds bounds, bool is_text_allowed) const;
  // The text, which must be there and not blank: reason "required".
  [[nodiscard]] Result<std::string> required_text(std::string_view name, std::size_t bytes_max = 4096) const;

  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  // The member as it stands, or nothing if it is absent; null is a value here.
  [[nodiscard]] const nlohmann::ordered_json* find(std::string_view name) const;
  [[nodiscard]] bool empty() const { return members_.empty(); }
  [[nodiscard]] std::string path_of(std::string_view name) const;

 private:
  static JsonBody from_object(const nlohmann::ordered_json& value, std::string path);
  std::string path_;                                                     // of this object; empty for the body itself
  std::vector<std::pair<std::string, nlohmann::ordered_json>> members_;  // names in lower case, the last of equal ones
};

// Code::invalid "required" unless the field has a value.
template <class T>
[[nodiscard]] Result<T> required(const JsonBody& body, std::string_view name, const Field<T>& field) {
  if (!field.has_value()) return bad_field(body.path_of(name), "required", body.path_of(name) + " is required");
  return field.value;
}

}  // namespace fairlead::control
