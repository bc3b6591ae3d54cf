// What a credential may do, and when it was last used.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/core/clock.hpp"

namespace fairlead {

// What an API key may do within what it reaches.
enum class KeyScope {
  full,
  read_only,    // reads at the management API
  events_only,  // creates events, and nothing else
};
[[nodiscard]] std::string_view to_text(KeyScope scope);  // full, read_only, events_only
[[nodiscard]] std::optional<KeyScope> key_scope_from(std::string_view text);

// When a key was last used, as far as it is worth telling: at most one note a minute is to be written. Thread-safe, but
// for take(), which one thread calls.
class KeyUse {
 public:
  void note(TimePoint now) noexcept {
    const auto at = now.time_since_epoch().count();
    if (at - noted_us_.load(std::memory_order_relaxed) >= step.count()) noted_us_.store(at, std::memory_order_relaxed);
  }
  // The note that was not taken yet, or nothing.
  [[nodiscard]] std::optional<TimePoint> take() noexcept;

  static constexpr Micros step = std::chrono::minutes(1);

 private:
  std::atomic<std::int64_t> noted_us_{0};
  std::int64_t taken_us_ = 0;
};

}  // namespace fairlead
