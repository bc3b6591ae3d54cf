// Short texts that strangers choose: ids, times, durations, event types and their patterns, base64, signing secrets.
#include "common/core/id.hpp"
#include "common/core/utf8.hpp"
#include "common/crypto/digest.hpp"
#include "common/crypto/signature.hpp"
#include "common/domain/event_type.hpp"
#include "control_plane/http/go_duration.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead {
namespace {

using fuzz::require;

void try_ids(std::string_view text) {
  if (const auto id = id_from_text(text)) {
    require(id_from_text(id_to_text(*id)) == id, "an id reads back");
    require(id_from_uuid(id_to_uuid(*id)) == id, "an id reads back as uuid");
    require(make_id_bytes(id_time(*id), {}) <= *id, "an id's time is its beginning");
  }
  if (const auto id = id_from_uuid(text)) require(id_from_text(id_to_text(*id)) == id, "a uuid is an id");
}

void try_times(std::string_view text) {
  if (const auto time = parse_time(text);
      time && *time >= TimePoint{std::chrono::sys_days{std::chrono::year{0} / 1 / 1}})
    require(parse_time(to_rfc3339(*time)) == time, "a time reads back");
  if (const auto duration = control::parse_go_duration(text)) {
    require(duration->count() >= 0 && *duration <= std::chrono::days(3660), "a duration is bounded");
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*duration);
    require(control::parse_go_duration(control::to_go_duration(seconds)) == seconds, "a duration reads back");
  }
}

void try_event_types(fuzz::Input& input) {
  const auto pattern = input.line(), name = input.rest();
  const bool is_pattern = check_event_type_pattern(pattern, "pattern").has_value();
  const bool is_name = check_event_type(name, "name").has_value();
  if (is_name) require(is_utf8(name) && name.size() <= event_type_bytes_max, "a type is short text");
  if (!is_pattern || !is_name) return;
  require(matches_event_type("*", name), "everything matches *");
  require(matches_event_type(name, name) || is_glob(name), "a type matches itself");
  if (matches_event_type(pattern, name) && pattern != "*" && !is_glob(pattern))
    require(pattern == name, "an exact one is exact");
}

void try_secrets(std::string_view text) {
  if (const auto bytes = crypto::from_base64(text)) require(crypto::to_base64(*bytes) == text, "base64 is one to one");
  require(crypto::from_base64(crypto::to_base64(text)) == text, "base64 reads back");
  const auto whsec = crypto::to_whsec(text);
  if (!text.empty()) require(crypto::standard_key(whsec) == crypto::standard_key(text), "both spellings are one key");
  require(crypto::to_whsec(whsec) == whsec || text.empty(), "a spelled secret stays");
  const auto signature = crypto::sign_standard({std::string(text), "second"}, "id", 1, text);
  require(signature.size() == 2 * (3 + 44) + 1, "every secret signs");
}

}  // namespace
}  // namespace fairlead

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  fuzz::Input input(data, size);
  switch (input.byte() % 4) {
    case 0:
      try_ids(input.rest());
      break;
    case 1:
      try_times(input.rest());
      break;
    case 2:
      try_event_types(input);
      break;
    default:
      try_secrets(input.rest());
  }
  return 0;
}
