// JSON bodies of the management API: read by every accessor, and applied to projects, endpoints and subscriptions.
#include "common/crypto/seal.hpp"
#include "common/net/url.hpp"
#include "control_plane/services/endpoint_input.hpp"
#include "control_plane/services/subscription_input.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace fairlead::control {
namespace {

using fuzz::require;

const crypto::Sealer& sealer() {
  static const auto made = crypto::Sealer::from_text(Secret(crypto::make_master_key())).value();
  return made;
}

IdSource& ids() {
  static IdSource source;
  return source;
}

// Names that inputs use, so that every accessor meets every type.
constexpr const char* kNames[] = {"name", "url", "a", "config", "strategy", "secret"};

void read_everything(const JsonBody& body, int depth) {
  for (const auto* name : kNames) {
    const auto* found = body.find(name);
    require(body.has(name) == (found != nullptr), "there or not");
    const auto text = body.text(name, 16);
    require(!text || text->value.size() <= 16, "a text is bounded");
    const auto number = body.integer(name, {.min = -5, .max = 1000});
    require(!number || !number->has_value() || (number->value >= -5 && number->value <= 1000), "a number is bounded");
    const auto seconds = body.seconds(name, {.min = 0, .max = 60}, true);
    require(!seconds || !seconds->has_value() || (seconds->value >= 0 && seconds->value <= 60), "seconds are bounded");
    static_cast<void>(body.boolean(name));
    const auto texts = body.texts(name, 3);
    require(!texts || texts->value.size() <= 3, "a list is bounded");
    const auto objects = body.objects(name, 3);
    require(!objects || objects->value.size() <= 3, "a list is bounded");
    if (const auto inner = body.object(name); inner && inner->has_value() && depth < 3)
      read_everything(inner->value, depth + 1);
    if (const auto required = body.required_text(name)) require(!required->empty(), "required is there");
  }
}

void apply_project(const JsonBody& body) {
  auto config = ProjectConfig::make_default(ids());
  if (!config.merge(body, true, ids())) return;
  const auto stored = config.to_stored();
  require(ProjectConfig::from_stored(stored).to_stored() == stored, "what is stored is read back");
  const auto shown = JsonBody::parse(config.to_wire());
  require(shown.has_value(), "what is shown is JSON");
  require(config.merge(*shown, true, ids()).has_value(), "what is shown may be sent back");
  require(config.to_stored() == stored, "and changes nothing");
}

void apply_endpoint(const JsonBody& body) {
  static const auto guard = net::AddressGuard::from_allowed({}).value();
  store::Endpoint endpoint;
  const EndpointRules rules{.sealer = sealer(),
                            .guard = guard,
                            .config = ProjectConfig::make_default(ids()),
                            .is_outgoing = true,
                            .version = {}};
  if (!apply_endpoint_input(endpoint, body, rules)) return;
  require(!endpoint.name.empty(), "an endpoint has a name");
  require(guard.check_url(endpoint.url).has_value(), "an endpoint's URL passes the guard");
  require(endpoint.http_timeout >= 0 && endpoint.rate_limit >= 0, "numbers are not negative");
}

void apply_subscription(const JsonBody& body) {
  store::Subscription subscription;
  if (!apply_subscription_input(subscription, body)) return;
  require(subscription.event_types.size() <= subscription_event_types_max, "types are counted");
}

}  // namespace
}  // namespace fairlead::control

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  fuzz::Input input(data, size);
  const auto choice = input.byte();
  const auto body = control::JsonBody::parse(input.rest());
  if (!body) {
    fuzz::require(body.error().code == Code::invalid && !body.error().reason.empty(), "a refusal has a reason");
    return 0;
  }
  switch (choice % 4) {
    case 0:
      control::read_everything(*body, 0);
      break;
    case 1:
      control::apply_project(*body);
      break;
    case 2:
      control::apply_endpoint(*body);
      break;
    default:
      control::apply_subscription(*body);
  }
  return 0;
}
