// What many endpoints at once need beside themselves (wire contract 3.12), a statement for all of a kind.
#pragma once

#include "common/store/event_types.hpp"
#include "common/store/subscriptions.hpp"

namespace fairlead::store {

// Subscriptions with a name and event types, all else as it is by default. Follows begin_project_change, whose number
// it takes.
[[nodiscard]] Result<void> insert_plain_subscriptions(Tx& tx, const std::vector<Subscription>& subscriptions,
                                                      std::int64_t version);
// Those that are not in the catalogue yet, by name.
[[nodiscard]] Result<void> insert_plain_event_types(Tx& tx, const ProjectId& project,
                                                    const std::vector<EventType>& types, TimePoint now);

}  // namespace fairlead::store
