#include "control_plane/services/subscription_input.hpp"

#include <algorithm>

#include "common/domain/event_type.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr std::int64_t kRetrySecondsMax = 7 * 24 * 3600;
constexpr std::int64_t kRetryCountMax = 1000;
constexpr std::int64_t kRetryCountDefault = 10;

auto unsupported(std::string field, std::string_view what) {
  auto message = field + ": " + std::string(what) + " not supported yet";
  return bad_field(std::move(field), "unsupported", std::move(message));
}

// An object whose every member is null, zero, empty or such an object again says nothing.
bool says_nothing(const nlohmann::ordered_json& value) {
  if (value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty())) return true;
  if (value.is_number()) return value == 0;
  if (value.is_boolean()) return !value.get<bool>();
  return value.is_structured() && std::all_of(value.begin(), value.end(), says_nothing);
}

Result<void> refuse_unsupported(const JsonBody& body) {
  for (const char* name : {"function", "rate_limit_config", "alert_config"}) {
    const auto* found = body.find(name);
    if (found != nullptr && !says_nothing(*found))
      return unsupported(name, std::string(name) == "function" ? "functions are" : "this is");
  }
  return {};
}

Result<void> apply_event_types(store::Subscription& subscription, const JsonBody& body) {
  FL_TRY(const auto config, body.object("filter_config"));
  if (!config.has_value()) return {};
  FL_TRY(const auto types, config.value.texts("event_types", subscription_event_types_max));
  std::vector<std::string> unique;
  for (std::size_t index = 0; index < types.value.size(); ++index) {
    FL_TRY_VOID(check_event_type_pattern(types.value[index], "filter_config.event_types." + std::to_string(index)));
    if (std::ranges::find(unique, types.value[index]) == unique.end()) unique.push_back(types.value[index]);
  }
  if (!unique.empty()) subscription.event_types = std::move(unique);
  return {};
}

Result<void> apply_retry(store::Subscription& subscription, const JsonBody& body) {
  FL_TRY(const auto config, body.object("retry_config"));
  if (config.is_null) subscription.retry.reset();
  if (!config.has_value()) return {};
  const auto& retry = config.value;
  FL_TRY(const auto type, retry.text("type", 32));
  if (type.value.empty()) return {};
  if (type.value != "linear" && type.value != "exponential") {
    return bad_field(retry.path_of("type"), "invalid_strategy", "retry_config.type: expected linear or exponential");
  }
  FL_TRY(const auto interval, retry.integer("interval_seconds", {0, kRetrySecondsMax}));
  FL_TRY(const auto duration, retry.seconds("duration", {0, kRetrySecondsMax}, true));
  const auto seconds = interval.value > 0 ? interval.value : duration.value;
  if (seconds < 1)
    return bad_field(retry.path_of("duration"), "required", "retry_config.duration: expected 1 second or more");
  FL_TRY(const auto count, retry.integer("retry_count", {0, kRetryCountMax}));
  subscription.retry =
      store::SubscriptionRetry{.type = type.value,
                               .interval_seconds = static_cast<int>(seconds),
                               .retry_count = static_cast<int>(count.value > 0 ? count.value : kRetryCountDefault)};
  return {};
}

}  // namespace

Result<void> apply_subscription_input(store::Subscription& subscription, const JsonBody& body) {
  FL_TRY(const auto name, body.text("name", kNameBytesMax));
  if (!name.value.empty()) subscription.name = name.value;
  FL_TRY(const auto endpoint, body.text("endpoint_id", kNameBytesMax));
  if (!endpoint.value.empty()) {
    const auto id = parse_id<EndpointTag>(endpoint.value);
    if (!id) return fail(Error{Code::not_found, "endpoint not found", "", "endpoint_id"});
    subscription.endpoint = *id;
  }
  FL_TRY(const auto source, body.text("source_id", kNameBytesMax));
  if (source.is_null) subscription.source.reset();
  if (!source.value.empty()) {
    subscription.source = parse_id<SourceTag>(source.value);
    if (!subscription.source) return fail(Error{Code::not_found, "source not found", "", "source_id"});
  }
  FL_TRY_VOID(refuse_unsupported(body));
  FL_TRY_VOID(apply_event_types(subscription, body));
  FL_TRY_VOID(apply_retry(subscription, body));
  FL_TRY(const auto mode, body.text("delivery_mode", 32));
  if (mode.is_null) subscription.delivery_mode = store::Subscription{}.delivery_mode;
  if (mode.value.empty()) return {};
  if (mode.value != "at_least_once" && mode.value != "at_most_once") {
    return bad_field("delivery_mode", "invalid_delivery_mode", "delivery_mode: expected at_least_once or at_most_once");
  }
  subscription.delivery_mode = mode.value;
  return {};
}

}  // namespace fairlead::control
