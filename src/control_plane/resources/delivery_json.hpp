// Deliveries as answers show them (wire contract 2.6).
#pragma once

#include <optional>
#include <string_view>

#include "common/store/deliveries.hpp"
#include "control_plane/http/json_writer.hpp"
#include "control_plane/resources/payload_json.hpp"
#include "control_plane/services/project_config.hpp"

namespace fairlead::control {

// Scheduled, Retry, Success, Failure or Discarded.
[[nodiscard]] std::optional<DeliveryStatus> delivery_status_from(std::string_view name);
[[nodiscard]] std::string_view to_word(DeliveryStatus status);
// `strategy`: the project's, for subscriptions without their own.
void write_delivery(JsonWriter& json, const store::StoredDelivery& delivery, const ProjectConfig::Strategy& strategy,
                    const ContentView& view);

}  // namespace fairlead::control
