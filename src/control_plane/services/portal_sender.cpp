#include "control_plane/services/portal_sender.hpp"

#include "common/domain/json_scan.hpp"
#include "common/store/api_keys.hpp"
#include "common/store/config_change.hpp"
#include "common/store/endpoints.hpp"
#include "common/store/portal_links.hpp"
#include "control_plane/services/header_rules.hpp"
#include "control_plane/services/key_maker.hpp"

namespace fairlead::control {
namespace {

constexpr const char* kKeyName = "portal: events that customers send";

// However often and in whatever case an endpoint is named, each one must be the caller's: then it does not matter which
// of them counts.
Result<void> check_addressed(store::Tx& tx, const Request& request) {
  FL_TRY(const auto members, scan_object(request.http->body));
  for (const auto& member : members) {
    if (!equals_ignoring_case(member.key, "endpoint_id") && !equals_ignoring_case(member.key, "app_id")) continue;
    const auto id = parse_id<EndpointTag>(json_string(member.value).value_or(""));
    const auto endpoint = id ? store::get_endpoint(tx, request.project(), *id) : fail(Code::not_found, "");
    if (endpoint && request.caller.reaches_owner(endpoint->owner_id)) continue;
    return fail(Error{Code::not_found, "endpoint not found", "", "endpoint_id"});
  }
  return {};
}

}  // namespace

Result<Secret> authorize_portal_event(store::Tx& tx, const Context& context, const Request& request) {
  FL_TRY_VOID(check_addressed(tx, request));
  const auto project = request.project();
  FL_TRY(auto sender, store::find_portal_sender(tx, project));
  if (sender) return context.sealer.open(sender->sealed, to_text(sender->key));
  FL_TRY(const auto version, store::begin_project_change(tx, project));
  FL_TRY(sender, store::find_portal_sender(tx, project));  // somebody may have made it at the same time
  if (sender) return context.sealer.open(sender->sealed, to_text(sender->key));
  const auto made = make_api_key();
  const store::NewApiKey key{.id = context.ids.next<ApiKeyTag>(),
                             .organisation = request.caller.organisation,
                             .project = project,
                             .name = kKeyName,
                             .mask = made.mask,
                             .hash = made.hash,
                             .scope = KeyScope::events_only};
  FL_TRY_VOID(store::insert_api_key(tx, key, version, wall_now()));
  FL_TRY_VOID(
      store::save_portal_sender(tx, project, {key.id, context.sealer.seal(made.text.reveal(), to_text(key.id))}));
  return made.text;
}

}  // namespace fairlead::control
