// The catalogue of event types of a project. The data plane does not read it: no configuration number is taken.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/store/db.hpp"

namespace fairlead::store {

struct EventType {
  EventTypeId id;
  std::string name;
  std::string category;
  std::string description;
  std::optional<std::string> json_schema;  // JSON object
  std::optional<TimePoint> deprecated_at;
  TimePoint updated_at;
};

inline constexpr int event_types_listed_max = 10000;

// Newest first, at most event_types_listed_max.
[[nodiscard]] Result<std::vector<EventType>> list_event_types(Tx& tx, const ProjectId& project);
// Code::not_found, or the type locked for this transaction.
[[nodiscard]] Result<EventType> lock_event_type(Tx& tx, const ProjectId& project, const EventTypeId& id);
// False if the project has one of that name.
[[nodiscard]] Result<bool> insert_event_type(Tx& tx, const ProjectId& project, const EventType& type, TimePoint now);
// Inserts the type or, if the project has one of that name, gives that one its description and schema where they are
// set. The type as it is then.
[[nodiscard]] Result<EventType> upsert_event_type(Tx& tx, const ProjectId& project, const EventType& type,
                                                  TimePoint now);
[[nodiscard]] Result<void> update_event_type(Tx& tx, const ProjectId& project, const EventType& type, TimePoint now);

}  // namespace fairlead::store
