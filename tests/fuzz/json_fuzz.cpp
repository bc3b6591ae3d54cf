// The one-pass JSON scanner against a parser that builds everything: the same verdict, the same members.
#include <nlohmann/json.hpp>

#include "common/core/utf8.hpp"
#include "common/domain/json_scan.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead {
namespace {

using fuzz::require;
using nlohmann::json;

// A number beyond double's range is JSON, but the other parser cannot hold it.
bool is_number_too_large(std::string_view text) {
  try {
    static_cast<void>(json::parse(text));
  } catch (const json::out_of_range&) {
    return true;
  } catch (const json::exception&) {
  }
  return false;
}

void compare_verdicts(std::string_view text) {
  const auto verdict = validate_json(text);
  const bool is_accepted = json::accept(text);
  if (verdict) return require(is_accepted || is_number_too_large(text), "what is valid here is valid elsewhere");
  require(verdict.error().reason == "invalid_json" && verdict.error().code == Code::invalid, "a stable reason");
  if (!is_accepted || text.find('\0') != std::string_view::npos) return;  // where the other parser stops reading
  const auto& why = verdict.error().message;
  require(text.starts_with("\xEF\xBB\xBF") || why.find("nested too deeply") != std::string::npos ||
              why.find("cannot be stored") != std::string::npos,
          "what is refused here is refused elsewhere, but for what we do not store");
}

void check_members(std::string_view text) {
  const auto members = scan_object(text);
  if (!members) return;
  require(validate_json(text).has_value(), "both scans agree");
  const bool is_comparable = json::accept(text);
  const auto document = is_comparable ? json::parse(text) : json();
  for (const auto& [key, value] : *members) {
    require(value.data() >= text.data() && value.data() + value.size() <= text.data() + text.size(), "a span of it");
    require(validate_json(value).has_value(), "a member's span is JSON by itself");
    require(is_utf8(key), "a key is UTF-8");
    if (const auto inner = json_string(value)) require(json(*inner) == json::parse(value), "a string means the same");
    if (is_comparable) require(document.contains(key), "a key means the same");
  }
  if (is_comparable && !members->empty()) {
    require(document[members->back().key] == json::parse(members->back().value), "the last one wins");
  }
  require(members->empty() == document.empty() || !is_comparable, "the same members");
}

}  // namespace
}  // namespace fairlead

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fairlead::compare_verdicts(text);
  fairlead::check_members(text);
  return 0;
}
