#include "control_plane/services/project_config.hpp"

#include "common/domain/retry.hpp"
#include "control_plane/http/go_duration.hpp"
#include "control_plane/services/endpoint_authentication.hpp"
#include "control_plane/services/header_rules.hpp"

namespace fairlead::control {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSignatureHeader = "X-Convoy-Signature";
constexpr const char* kRequestIdHeader = "X-Convoy-Idempotency-Key";
constexpr std::array kBooleans = {
    "replay_attacks_prevention_enabled", "add_event_id_trace_headers", "disable_endpoint",
    "multiple_endpoint_subscriptions",   "verify_dynamic_events",      "allow_unmatched_dynamic_urls"};
constexpr std::array kBreakerNumbers = {"sample_rate",
                                        "error_timeout",
                                        "failure_threshold",
                                        "success_threshold",
                                        "minimum_request_count",
                                        "observability_window",
                                        "consecutive_failure_threshold"};
constexpr std::int64_t kRetryCountMax = 1000;
constexpr std::int64_t kRetrySecondsMax = 7 * 24 * 3600;
constexpr std::size_t kSignatureVersionsMax = 10;

Json make_signature_version(std::string_view hash, std::string_view encoding, IdSource& ids) {
  return {{"uid", to_text(ids.next<struct SignatureVersionTag>())},
          {"hash", hash},
          {"encoding", encoding},
          {"created_at", to_rfc3339(wall_now())}};
}

// The default schedule as the wire shows it.
Json default_strategy() {
  const auto& waits = default_schedule();
  Json schedule = Json::array();
  for (const auto wait : waits) schedule.push_back(wait.count());
  return {{"type", "exponential"},
          {"duration", waits.front().count()},
          {"retry_count", waits.size() + 1},
          {"schedule", std::move(schedule)}};
}

Result<Json> signature_version(const JsonBody& input, IdSource& ids) {
  FL_TRY(const auto hash, input.required_text("hash", 32));
  if (hash != "SHA256" && hash != "SHA512")
    return bad_field(input.path_of("hash"), "invalid_hash", "expected SHA256 or SHA512");
  FL_TRY(const auto encoding, input.required_text("encoding", 32));
  if (encoding != "hex" && encoding != "base64")
    return bad_field(input.path_of("encoding"), "invalid_encoding", "expected hex or base64");
  FL_TRY(const auto uid, input.text("uid", 64));
  FL_TRY(const auto created_at, input.text("created_at", 64));
  auto version = make_signature_version(hash, encoding, ids);
  if (!uid.value.empty()) version["uid"] = uid.value;
  if (const auto time = parse_time(created_at.value); time && *time > TimePoint{})
    version["created_at"] = to_rfc3339(*time);
  return version;
}

}  // namespace

ProjectConfig ProjectConfig::make_default(IdSource& ids) {
  ProjectConfig config;
  config.config_ = {{"max_payload_read_size", payload_bytes_default}};
  for (const char* name : kBooleans) config.config_[name] = false;
  config.config_["disable_endpoint"] = true;
  config.config_["search_policy"] = "";
  config.config_["ssl"] = {{"enforce_secure_endpoints", false}};
  config.config_["ratelimit"] = nullptr;
  config.config_["signature"] = {{"header", kSignatureHeader},
                                 {"versions", Json::array({make_signature_version("SHA256", "hex", ids)})}};
  config.config_["request_id_header"] = kRequestIdHeader;
  config.config_["meta_event"] = nullptr;
  config.config_["circuit_breaker"] = {{"sample_rate", 30},
                                       {"error_timeout", 30},
                                       {"failure_threshold", 70},
                                       {"success_threshold", 5},
                                       {"minimum_request_count", 10},
                                       {"observability_window", 5},
                                       {"consecutive_failure_threshold", 10}};
  return config;
}

ProjectConfig ProjectConfig::from_stored(const std::string& json) {
  ProjectConfig config;
  config.config_ = Json::parse(json);
  return config;
}

std::string ProjectConfig::to_wire() const {
  Json shown = config_;
  if (!shown.contains("strategy")) shown["strategy"] = default_strategy();
  if (const auto meta = shown.find("meta_event"); meta != shown.end() && meta->is_object()) {
    meta->erase("sealed_secret");
    (*meta)["secret"] = meta_secret_.empty() ? redacted : meta_secret_;
    (*meta)["pub_sub"] = nullptr;
  }
  return shown.dump();
}

Result<void> ProjectConfig::merge(const JsonBody& input, bool is_outgoing, IdSource& ids) {
  if (input.has("sync_dynamic_event_ack")) {
    return bad_field(input.path_of("sync_dynamic_event_ack"), "renamed",
                     "sync_dynamic_event_ack is now verify_dynamic_events");
  }
  clear_nulls(input, ids);
  FL_TRY_VOID(merge_scalars(input, is_outgoing));
  FL_TRY_VOID(merge_strategy(input));
  FL_TRY_VOID(merge_signature(input, ids));
  return merge_limits(input);
}

// null brings a member's default back.
void ProjectConfig::clear_nulls(const JsonBody& input, IdSource& ids) {
  const auto is_null = [&](const std::string& name) {
    const auto* found = input.find(name);
    return found != nullptr && found->is_null();
  };
  for (const auto& [name, value] : make_default(ids).config_.items()) {
    if (is_null(name)) config_[name] = value;
  }
  if (is_null("strategy")) config_.erase("strategy");
}

Result<void> ProjectConfig::merge_scalars(const JsonBody& input, bool is_outgoing) {
  FL_TRY(const auto bytes, input.integer("max_payload_read_size", {0, payload_bytes_default}));
  if (bytes.value > 0) config_["max_payload_read_size"] = bytes.value;
  for (const char* name : kBooleans) {
    FL_TRY(const auto flag, input.boolean(name));
    if (flag.has_value()) config_[name] = flag.value;
  }
  FL_TRY(const auto policy, input.text("search_policy", 64));
  if (policy.has_value()) {
    if (!policy.value.empty() && !parse_go_duration(policy.value)) {
      return bad_field(input.path_of("search_policy"), "invalid_duration", "expected a duration such as \"720h\"");
    }
    config_["search_policy"] = policy.value;
  }
  FL_TRY(const auto header, input.text("request_id_header", 256));
  if (header.has_value() && !header.value.empty()) {
    FL_TRY_VOID(check_header_name(header.value, input.path_of("request_id_header")));
    if (!is_outgoing && header.value != kRequestIdHeader) {
      return bad_field(input.path_of("request_id_header"), "outgoing_only",
                       "only an outgoing project may set its own header");
    }
    config_["request_id_header"] = header.value;
  }
  return {};
}

Result<void> ProjectConfig::merge_strategy(const JsonBody& input) {
  FL_TRY(const auto sent, input.object("strategy"));
  if (!sent.has_value()) return {};
  const auto& strategy = sent.value;
  FL_TRY(const auto type, strategy.required_text("type", 32));
  if (type != "linear" && type != "exponential")
    return bad_field(strategy.path_of("type"), "invalid_strategy", "expected linear or exponential");
  FL_TRY(const auto duration, strategy.integer("duration", {0, kRetrySecondsMax}));
  FL_TRY(const auto count, strategy.integer("retry_count", {0, kRetryCountMax}));
  const auto usual = default_strategy();
  const Json plain{{"type", type}, {"duration", duration.value}, {"retry_count", count.value}};
  const bool is_usual = std::all_of(plain.items().begin(), plain.items().end(),
                                    [&](const auto& item) { return usual[item.key()] == item.value(); });
  const auto* schedule = strategy.find("schedule");
  // The default sent back as it was shown, perhaps by a client that does not know the schedule: still the default.
  if (is_usual && ((schedule != nullptr && *schedule == usual["schedule"]) ||
                   (schedule == nullptr && !config_.contains("strategy")))) {
    config_.erase("strategy");
    return {};
  }
  if (schedule != nullptr && !schedule->is_null() && *schedule != usual["schedule"]) {
    return bad_field(strategy.path_of("schedule"), "unsupported", "a schedule of one's own is not supported yet");
  }
  if (duration.value < 1)
    return bad_field(strategy.path_of("duration"), "out_of_range", "strategy.duration: expected 1 or more seconds");
  if (count.value < 1)
    return bad_field(strategy.path_of("retry_count"), "out_of_range",
                     "strategy.retry_count: expected 1 or more attempts");
  config_["strategy"] = plain;
  return {};
}

Result<void> ProjectConfig::merge_signature(const JsonBody& input, IdSource& ids) {
  FL_TRY(const auto sent, input.object("signature"));
  if (!sent.has_value()) return {};
  FL_TRY(const auto header, sent.value.required_text("header", 256));
  FL_TRY_VOID(check_header_name(header, sent.value.path_of("header")));
  FL_TRY(const auto versions, sent.value.objects("versions", kSignatureVersionsMax));
  Json list = Json::array();
  for (const auto& each : versions.value) {
    FL_TRY(auto version, signature_version(each, ids));
    list.push_back(std::move(version));
  }
  if (list.empty()) list.push_back(make_signature_version("SHA256", "hex", ids));
  config_["signature"] = {{"header", header}, {"versions", std::move(list)}};
  return {};
}

Result<void> ProjectConfig::merge_limits(const JsonBody& input) {
  FL_TRY(const auto ssl, input.object("ssl"));
  if (ssl.has_value()) {
    FL_TRY(const auto enforce, ssl.value.boolean("enforce_secure_endpoints"));
    config_["ssl"] = {{"enforce_secure_endpoints", enforce.value}};
  }
  FL_TRY(const auto limit, input.object("ratelimit"));
  if (limit.has_value()) {
    FL_TRY(const auto count, limit.value.integer("count", {0, 1'000'000'000}));
    FL_TRY(const auto duration, limit.value.integer("duration", {0, 86400}));
    if (count.value > 0 && duration.value < 1)
      return bad_field(limit.value.path_of("duration"), "required", "ratelimit.duration is required");
    config_["ratelimit"] = count.value == 0 ? Json() : Json{{"count", count.value}, {"duration", duration.value}};
  }
  FL_TRY(const auto breaker, input.object("circuit_breaker"));
  if (breaker.has_value()) {
    for (const char* name : kBreakerNumbers) {
      FL_TRY(const auto number, breaker.value.integer(name, {0, 1'000'000}));
      config_["circuit_breaker"][name] = number.value;
    }
  }
  return {};
}

bool ProjectConfig::enforces_https() const {
  const auto found = config_.find("ssl");
  return found != config_.end() && found->is_object() && found->value("enforce_secure_endpoints", false);
}

bool ProjectConfig::allows_many_subscriptions() const {
  return config_.value("multiple_endpoint_subscriptions", false);
}

std::string ProjectConfig::signature_header() const {
  const auto found = config_.find("signature");
  if (found == config_.end() || !found->is_object()) return kSignatureHeader;
  return found->value("header", kSignatureHeader);
}

ProjectConfig::Strategy ProjectConfig::strategy() const {
  const Json shown = config_.contains("strategy") ? config_["strategy"] : default_strategy();
  return {shown.value("type", "exponential"), shown.value("duration", std::int64_t{0}),
          shown.value("retry_count", std::int64_t{0})};
}

}  // namespace fairlead::control
