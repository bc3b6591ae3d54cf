#include "common/domain/credential.hpp"

namespace fairlead {

std::string_view to_text(KeyScope scope) {
  switch (scope) {
    case KeyScope::read_only:
      return "read_only";
    case KeyScope::events_only:
      return "events_only";
    case KeyScope::full:
      break;
  }
  return "full";
}

std::optional<KeyScope> key_scope_from(std::string_view text) {
  for (const auto scope : {KeyScope::full, KeyScope::read_only, KeyScope::events_only}) {
    if (to_text(scope) == text) return scope;
  }
  return std::nullopt;
}

std::optional<TimePoint> KeyUse::take() noexcept {
  const auto noted = noted_us_.load(std::memory_order_relaxed);
  if (noted == taken_us_) return std::nullopt;
  taken_us_ = noted;
  return TimePoint(Micros(noted));
}

}  // namespace fairlead
