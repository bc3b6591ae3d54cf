#include "control_plane/services/subscription_input.hpp"

#include <algorithm>

#include "common/domain/event_type.hpp"
#include "control_plane/http/go_duration.hpp"
#include "control_plane/services/functions.hpp"

namespace fairlead::control {
namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr std::int64_t kRetrySecondsMax = 7 * 24 * 3600;
constexpr std::int64_t kRetryCountMax = 1000;
constexpr std::int64_t kRetryCountDefault = 10;
constexpr std::int64_t kCountMax = 1'000'000;
constexpr std::int64_t kRateSecondsMax = 24 * 3600;

// Empty keeps what is there. That it compiles has been seen before (services/functions.hpp).
Result<void> apply_function(store::Subscription& subscription, const JsonBody& body) {
  FL_TRY(auto field, body.text("function", function_bytes_max));
  if (field.is_null) subscription.function.reset();
  if (!field.value.empty()) subscription.function = std::move(field.value);
  return {};
}

// Zero and empty keep what is there; what comes out says both how many and how long, or is none.
Result<void> apply_alert(store::Subscription& subscription, const JsonBody& body) {
  FL_TRY(const auto config, body.object("alert_config"));
  if (config.is_null) subscription.alert.reset();
  if (!config.has_value()) return {};
  FL_TRY(const auto count, config.value.integer("count", {0, kCountMax}));
  FL_TRY(const auto threshold, config.value.text("threshold", kNameBytesMax));
  if (!threshold.value.empty() && !parse_go_duration(threshold.value)) {
    return bad_field(config.value.path_of("threshold"), "invalid_duration",
                     "alert_config.threshold: expected a duration such as \"1h30m\"");
  }
  auto alert = subscription.alert.value_or(store::SubscriptionAlert{});
  if (count.value > 0) alert.count = static_cast<int>(count.value);
  if (!threshold.value.empty()) alert.threshold = threshold.value;
  if (alert.count == 0 && alert.threshold.empty()) return {};
  if (alert.count == 0)
    return bad_field("alert_config.count", "required", "alert_config.count: expected 1 or more beside a threshold");
  if (alert.threshold.empty())
    return bad_field("alert_config.threshold", "required", "alert_config.threshold is required beside a count");
  subscription.alert = std::move(alert);
  return {};
}

Result<void> apply_rate_limit(store::Subscription& subscription, const JsonBody& body) {
  FL_TRY(const auto config, body.object("rate_limit_config"));
  if (config.is_null) subscription.rate_limit.reset();
  if (!config.has_value()) return {};
  FL_TRY(const auto count, config.value.integer("count", {0, kCountMax}));
  FL_TRY(const auto duration, config.value.integer("duration", {0, kRateSecondsMax}));
  auto limit = subscription.rate_limit.value_or(store::SubscriptionRateLimit{});
  if (count.value > 0) limit.count = static_cast<int>(count.value);
  if (duration.value > 0) limit.duration_seconds = static_cast<int>(duration.value);
  if (limit.count == 0 && limit.duration_seconds == 0) return {};
  if (limit.count == 0) {
    return bad_field("rate_limit_config.count", "required",
                     "rate_limit_config.count: expected 1 or more beside a duration");
  }
  if (limit.duration_seconds == 0) {
    return bad_field("rate_limit_config.duration", "required",
                     "rate_limit_config.duration: expected 1 second or more beside a count");
  }
  subscription.rate_limit = limit;
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
  FL_TRY_VOID(apply_function(subscription, body));
  FL_TRY_VOID(apply_alert(subscription, body));
  FL_TRY_VOID(apply_rate_limit(subscription, body));
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
