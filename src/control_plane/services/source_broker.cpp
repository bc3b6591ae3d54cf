#include "control_plane/services/source_broker.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "common/crypto/digest.hpp"
#include "control_plane/services/endpoint_authentication.hpp"

namespace fairlead::control {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t kTextBytesMax = 1024;
constexpr std::size_t kAccountBytesMax = 64 * 1024;
constexpr std::size_t kBrokersMax = 100;
constexpr std::int64_t kWorkersMax = 100;
constexpr std::int64_t kPortMax = 65535;

// Where the secrets of a stored configuration stand.
const std::vector<json::json_pointer>& secret_places() {
  static const std::vector<json::json_pointer> places = {
      json::json_pointer("/sqs/secret_key"), json::json_pointer("/google/service_account"),
      json::json_pointer("/kafka/auth/password"), json::json_pointer("/amqp/auth/password")};
  return places;
}

Result<json> kept_of(const store::Source& source, const crypto::Sealer& sealer) {
  if (source.pub_sub_sealed.empty()) return json::object();
  FL_TRY(const auto clear, sealer.open(source.pub_sub_sealed, to_text(source.id)));
  return json::parse(clear.reveal());
}

Result<void> read_required(json& read, const JsonBody& part, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    FL_TRY(read[name], part.required_text(name, kTextBytesMax));
  }
  return {};
}

// Left out when empty.
Result<void> read_optional(json& read, const JsonBody& part, const char* name) {
  FL_TRY(auto text, part.text(name, kTextBytesMax));
  if (!text.value.empty()) read[name] = std::move(text.value);
  return {};
}

Result<void> check_choice(const JsonBody& part, const char* name, const std::string& value,
                          std::initializer_list<std::string_view> choices) {
  if (std::ranges::find(choices, value) != choices.end()) return {};
  std::string expected;
  for (const auto choice : choices) expected += (expected.empty() ? "" : " or ") + std::string(choice);
  return bad_field(part.path_of(name), "invalid_value", part.path_of(name) + ": expected " + expected);
}

Result<json> read_sqs(const JsonBody& part) {
  json read;
  FL_TRY_VOID(read_required(read, part, {"access_key_id", "secret_key", "default_region", "queue_name"}));
  FL_TRY_VOID(read_optional(read, part, "endpoint"));
  return read;
}

Result<json> read_google(const JsonBody& part) {
  json read;
  FL_TRY_VOID(read_required(read, part, {"subscription_id", "project_id"}));
  FL_TRY(const auto account, part.required_text("service_account", kAccountBytesMax));
  if (account != redacted) {
    const auto key = crypto::from_base64(account);
    if (!key || !json::accept(*key)) {
      return bad_field(part.path_of("service_account"), "invalid_value",
                       part.path_of("service_account") + ": expected the base64 of the account's JSON key file");
    }
  }
  read["service_account"] = account;
  return read;
}

Result<json> read_kafka(const JsonBody& part) {
  json read;
  FL_TRY(const auto brokers, part.texts("brokers", kBrokersMax));
  if (brokers.value.empty())
    return bad_field(part.path_of("brokers"), "required", part.path_of("brokers") + " is required");
  for (std::size_t index = 0; index < brokers.value.size(); ++index) {
    const auto& broker = brokers.value[index];
    const auto field = part.path_of("brokers") + "." + std::to_string(index);
    const bool is_plain = std::ranges::all_of(broker, [](char c) { return c > 0x20 && c < 0x7f; });
    if (broker.empty() || broker.size() > kTextBytesMax || !is_plain)
      return bad_field(field, "invalid_value", field + ": expected host:port");
  }
  read["brokers"] = brokers.value;
  FL_TRY_VOID(read_optional(read, part, "consumer_group_id"));
  FL_TRY_VOID(read_required(read, part, {"topic_name"}));
  FL_TRY(const auto field, part.object("auth"));
  read["auth"] = nullptr;
  if (!field.has_value() || field.value.empty()) return read;
  const auto& auth = field.value;
  json kept;
  FL_TRY_VOID(read_required(kept, auth, {"type", "username", "password"}));
  FL_TRY_VOID(check_choice(auth, "type", kept["type"], {"plain", "scram"}));
  FL_TRY_VOID(read_optional(kept, auth, "hash"));
  if (kept["type"] == "scram" || kept.contains("hash"))
    FL_TRY_VOID(check_choice(auth, "hash", kept.value("hash", ""), {"SHA256", "SHA512"}));
  FL_TRY(const auto tls, auth.boolean("tls"));
  kept["tls"] = tls.value;
  read["auth"] = std::move(kept);
  return read;
}

Result<std::string> read_port(const JsonBody& part) {
  const auto* found = part.find("port");
  std::string text;
  if (found != nullptr && found->is_number_integer()) {
    text = std::to_string(found->get<std::int64_t>());
  } else {
    FL_TRY(text, part.required_text("port", 16));
  }
  std::int64_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > kPortMax)
    return bad_field(part.path_of("port"), "out_of_range", part.path_of("port") + ": expected 1 to 65535");
  return text;
}

// Both spellings of the exchange: {bindExchange: {exchange, routingKey}} as requests have it, and {bindedExchange,
// routingKey} as answers do.
Result<void> read_exchange(json& read, const JsonBody& part) {
  FL_TRY(const auto field, part.object("bindExchange"));
  json bound = nullptr;
  std::string key;
  if (field.has_value()) {
    FL_TRY(const auto exchange, field.value.text("exchange", kTextBytesMax));
    FL_TRY(auto routing, field.value.text("routingKey", kTextBytesMax));
    if (!exchange.value.empty()) bound = exchange.value;
    key = std::move(routing.value);
  } else {
    FL_TRY(const auto exchange, part.text("bindedExchange", kTextBytesMax));
    FL_TRY(auto routing, part.text("routingKey", kTextBytesMax));
    if (!exchange.value.empty()) bound = exchange.value;
    key = std::move(routing.value);
  }
  read["bindedExchange"] = bound;
  read["routingKey"] = key;
  return {};
}

Result<json> read_amqp(const JsonBody& part) {
  json read;
  FL_TRY_VOID(read_required(read, part, {"schema", "host"}));
  FL_TRY_VOID(check_choice(part, "schema", read["schema"], {"amqp", "amqps"}));
  FL_TRY(read["port"], read_port(part));
  FL_TRY_VOID(read_required(read, part, {"queue"}));
  FL_TRY(const auto auth, part.object("auth"));
  read["auth"] = nullptr;
  if (auth.has_value() && !auth.value.empty()) {
    json kept;
    FL_TRY_VOID(read_required(kept, auth.value, {"user", "password"}));
    read["auth"] = std::move(kept);
  }
  FL_TRY_VOID(read_exchange(read, part));
  for (const char* name : {"vhost", "deadLetterExchange"}) {
    FL_TRY(auto text, part.text(name, kTextBytesMax));
    read[name] = text.value.empty() ? json() : json(std::move(text.value));
  }
  return read;
}

struct Broker {
  const char* type;
  Result<json> (*read)(const JsonBody& part);
};
constexpr Broker kBrokers[] = {
    {"sqs", &read_sqs}, {"google", &read_google}, {"kafka", &read_kafka}, {"amqp", &read_amqp}};

Result<json> read_broker(const JsonBody& input) {
  FL_TRY(const auto type, input.required_text("type", kTextBytesMax));
  const auto* broker = std::ranges::find(kBrokers, type, &Broker::type);
  if (broker == std::end(kBrokers)) {
    return bad_field(input.path_of("type"), "invalid_type",
                     input.path_of("type") + ": expected sqs, google, kafka or amqp");
  }
  FL_TRY(const auto workers_field, input.integer("workers", {1, kWorkersMax}));
  FL_TRY(const auto workers, required(input, "workers", workers_field));
  FL_TRY(const auto part_field, input.object(broker->type));
  FL_TRY(const auto part, required(input, broker->type, part_field));
  FL_TRY(auto read, broker->read(part));
  json made{{"type", type}, {"workers", workers}};
  for (const auto& each : kBrokers) made[each.type] = &each == broker ? std::move(read) : json();
  return made;
}

Result<void> restore_secrets(json& read, const json& kept) {
  for (const auto& place : secret_places()) {
    if (!read.contains(place) || read[place] != redacted) continue;
    if (!kept.contains(place)) {
      auto field = "pub_sub" + place.to_string();
      std::ranges::replace(field, '/', '.');
      return bad_field(field, "required", "a redacted value stands for one that is kept, and none is kept");
    }
    read[place] = kept[place];
  }
  return {};
}

}  // namespace

Result<void> apply_source_broker(store::Source& source, const JsonBody& body, const crypto::Sealer& sealer) {
  FL_TRY(const auto input, body.object("pub_sub"));
  const bool is_wanted = source.type == "pub_sub";
  bool is_said = input.has_value() && !input.value.empty();
  if (is_said) {  // clients send an empty configuration with sources that have none
    FL_TRY(const auto type, input.value.text("type", kTextBytesMax));
    is_said = is_wanted || !type.value.empty();
  }
  if (!is_said) {
    if (is_wanted && source.pub_sub_sealed.empty())
      return bad_field("pub_sub", "required", "pub_sub is required for sources of this type");
    if (!is_wanted) source.pub_sub_sealed.clear();
    return {};
  }
  if (!is_wanted)
    return bad_field("pub_sub", "invalid_value", "pub_sub: only sources of the type pub_sub have a broker");
  FL_TRY(auto read, read_broker(input.value));
  FL_TRY(const auto kept, kept_of(source, sealer));
  FL_TRY_VOID(restore_secrets(read, kept));
  source.pub_sub_sealed = sealer.seal(read.dump(), to_text(source.id));
  return {};
}

Result<void> write_source_broker(JsonWriter& json_out, const store::Source& source, const crypto::Sealer& sealer) {
  if (source.pub_sub_sealed.empty()) {
    json_out.value(nullptr);
    return {};
  }
  FL_TRY(auto kept, kept_of(source, sealer));
  for (const auto& place : secret_places()) {
    if (kept.contains(place)) kept[place] = redacted;
  }
  json_out.raw(kept.dump());
  return {};
}

}  // namespace fairlead::control
