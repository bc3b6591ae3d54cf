// Meta events: what a project is told of its own endpoints and deliveries (wire contract 2.11, 6.12).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/id.hpp"
#include "common/domain/delivery.hpp"
#include "common/store/db.hpp"
#include "common/store/keyset.hpp"

namespace fairlead::store {

using MetaEventId = Id<struct MetaEventTag>;

// To be written in the transaction of what it tells of.
struct NewMetaEvent {
  ProjectId project;
  MetaEventId id;
  std::string type;
  std::string sealed;  // the body, sealed for the meta event's id
};
[[nodiscard]] Result<void> insert_meta_events(Tx& tx, const std::vector<NewMetaEvent>& events, TimePoint now);

struct StoredMetaEvent {
  ProjectId project;
  MetaEventId id;
  std::string type;
  std::string sealed;  // empty: its body is still to be made
  DeliveryStatus status = DeliveryStatus::scheduled;
  int attempts = 0;
  std::optional<TimePoint> next_at;
  std::string last_attempt;  // JSON; empty: none yet
  TimePoint created_at;
  TimePoint updated_at;
};
// Code::not_found if the project has none with this id.
[[nodiscard]] Result<StoredMetaEvent> get_meta_event(Tx& tx, const ProjectId& project, const MetaEventId& id);
[[nodiscard]] Result<std::vector<StoredMetaEvent>> list_meta_events(Tx& tx, const ProjectId& project, TimePoint start,
                                                                    TimePoint end, const Keyset& keyset);
// Due at once, with all its attempts before it again. Code::not_found as above.
[[nodiscard]] Result<StoredMetaEvent> resend_meta_event(Tx& tx, const ProjectId& project, const MetaEventId& id,
                                                        TimePoint now);

// One that is due, with where its project wants it now.
struct DueMetaEvent {
  ProjectId project;
  MetaEventId id;
  std::string type;
  std::string sealed;                  // empty: its body is still to be made,
  std::optional<EndpointId> endpoint;  // of this endpoint
  int attempts = 0;
  std::string settings;  // projects.config.meta_event; "null": none, or the project is gone
};
struct MetaEventClaim {
  std::vector<ProjectId> busy;  // not of these
  int per_project = 0;
  int rows_max = 0;
};
// Nobody else gets them until `until`. Run it autocommit.
[[nodiscard]] Result<std::vector<DueMetaEvent>> claim_meta_events(Tx& tx, const MetaEventClaim& claim, TimePoint now,
                                                                  TimePoint until);
// Keeps the body that was made, unless there is one.
[[nodiscard]] Result<bool> keep_meta_event_body(Tx& tx, const ProjectId& project, const MetaEventId& id,
                                                const std::string& sealed);
struct MetaEventOutcome {
  ProjectId project;
  MetaEventId id;
  int attempts = 0;  // made, this one included
  DeliveryStatus status = DeliveryStatus::success;
  std::optional<TimePoint> next_at;
  std::optional<std::string> last_attempt;  // nothing: it was not sent
};
// Changes nothing if somebody else has recorded this attempt, or it was sent anew since.
[[nodiscard]] Result<bool> record_meta_event(Tx& tx, const MetaEventOutcome& outcome, TimePoint now);
// Some of those made before `before`; how many.
[[nodiscard]] Result<std::int64_t> purge_meta_events(Tx& tx, TimePoint before);

}  // namespace fairlead::store
