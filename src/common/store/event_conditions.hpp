// A filter of events as SQL. Only files of this room include this header.
#pragma once

#include <array>

#include "common/store/events.hpp"
#include "common/store/tx.hpp"

namespace fairlead::store {

// The conditions for the filters that are set, on events `e`. Parameters from `first` on: start, end, key, owner,
// endpoints, text, missing_for, sources, the text's first and last id, two parts of payloads, the owner of endpoints
// that were reached; every one of them appears, so that all variants take the same ones. `$1` is the project.
struct EventConditions {
  std::string label, sql;
};
[[nodiscard]] EventConditions conditions_of(const EventFilter& filter, int first);

// The parameters that are arrays or optional.
struct EventLists {
  UuidArray endpoints, sources;
  EventId text_low, text_high;
  std::array<std::optional<std::string>, payload_parts_max> payload;
  explicit EventLists(const EventFilter& filter);
};

}  // namespace fairlead::store
