// Which events a page of a list shows: their ids, by the narrowest index that the filter allows. Only files of this
// room include this header.
#pragma once

#include "common/store/events.hpp"
#include "common/store/tx.hpp"
#include "common/store/walk.hpp"

namespace fairlead::store {

[[nodiscard]] Result<Walk<IdBytes>> walk_events(Tx& tx, const EventFilter& filter, const Keyset& keyset);

}  // namespace fairlead::store
