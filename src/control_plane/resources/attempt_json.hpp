// Attempts as answers show them (wire contract 2.7).
#pragma once

#include "common/store/attempts.hpp"
#include "control_plane/http/json_writer.hpp"
#include "control_plane/resources/payload_json.hpp"

namespace fairlead::control {

void write_attempt(JsonWriter& json, const store::StoredAttempt& attempt, const ProjectId& project,
                   const ContentView& view);

}  // namespace fairlead::control
