// Many endpoints at once (wire contract 3.12): read from JSON or CSV, checked row by row, written in bounded batches.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/store/endpoints.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/services/endpoint_input.hpp"

namespace fairlead::control {

inline constexpr std::size_t onboard_items_max = 1000;
inline constexpr std::size_t onboard_batch_items = 50;  // one transaction, and one configuration number

struct OnboardRow {
  std::string name;
  std::string url;
  std::string event_type;  // empty: "*"
  std::string auth_username;
  std::string auth_password;
};
struct OnboardFault {
  std::size_t row = 0;  // from 1; of a file without its head
  std::string field;
  std::string message;
};
struct OnboardRead {
  std::vector<OnboardRow> rows;
  std::vector<OnboardFault> faults;  // rows whose members have wrong types: they are there, and empty
};

// {"items": […]}, 1 to onboard_items_max of them. Code::invalid: the body as a whole cannot be read.
[[nodiscard]] Result<OnboardRead> read_onboard_json(std::string_view body);
// The CSV in the part "file" of a form: a head with name and url, perhaps event_type, auth_username, auth_password.
[[nodiscard]] Result<OnboardRead> read_onboard_form(std::string_view content_type, std::string_view body);

// A row as it will be written, if its endpoint is not there yet.
struct OnboardItem {
  store::Endpoint endpoint;  // with an id and a secret of its own
  std::string event_type;
};
struct OnboardCheck {
  std::vector<OnboardItem> items;    // of the rows without a fault
  std::vector<OnboardFault> faults;  // by row
};
[[nodiscard]] OnboardCheck check_onboard_rows(OnboardRead read, const ProjectId& project, const EndpointRules& rules,
                                              IdSource& ids);

// One batch. An endpoint with the same URL is used again as it is; a subscription that has the event type is enough;
// where the project allows one subscription for an endpoint, that one gets the type. So a batch may be written again.
[[nodiscard]] Result<bool> write_onboard_batch(store::Tx& tx, const ProjectId& project,
                                               const std::vector<OnboardItem>& items, const Context& context);

}  // namespace fairlead::control
