// OAuth 2.0 client credentials as requests give them (wire contract 2.1, 3.2).
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/core/clock.hpp"
#include "common/net/address_guard.hpp"
#include "common/ops/task.hpp"
#include "control_plane/http/json_body.hpp"

namespace fairlead::control {

struct Context;

// The settings in their stored form, checked as a delivery would use them. A redacted value stands for that of `kept`
// (null: nothing is kept). Code::invalid names the field.
[[nodiscard]] Result<nlohmann::ordered_json> read_oauth_input(const JsonBody& input, const nlohmann::ordered_json& kept,
                                                              const net::AddressGuard& guard);

// What a token server answered to settings that read_oauth_input accepted.
struct TestedToken {
  bool is_success = false;
  std::string access_token;
  std::string token_type;
  std::optional<TimePoint> expires_at;
  std::string error;  // for people; empty on success
};
[[nodiscard]] Task<TestedToken> fetch_test_token(Context& context, std::string settings_json);

}  // namespace fairlead::control
