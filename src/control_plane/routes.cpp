#include "control_plane/routes.hpp"

#include <deque>
#include <string>

#include "control_plane/portal/portal_api.hpp"
#include "control_plane/resources/api_keys.hpp"
#include "control_plane/resources/deliveries.hpp"
#include "control_plane/resources/documentation.hpp"
#include "control_plane/resources/endpoints.hpp"
#include "control_plane/resources/event_types.hpp"
#include "control_plane/resources/events.hpp"
#include "control_plane/resources/failure_rates.hpp"
#include "control_plane/resources/filters.hpp"
#include "control_plane/resources/functions.hpp"
#include "control_plane/resources/jobs.hpp"
#include "control_plane/resources/matches.hpp"
#include "control_plane/resources/meta_events.hpp"
#include "control_plane/resources/oauth_test.hpp"
#include "control_plane/resources/onboard.hpp"
#include "control_plane/resources/portal_links.hpp"
#include "control_plane/resources/projects.hpp"
#include "control_plane/resources/resend.hpp"
#include "control_plane/resources/sources.hpp"
#include "control_plane/resources/subscriptions.hpp"

namespace fairlead::control {

namespace {

// The operations that portal tokens may call stand below /portal-api too, where no path names the project: the same
// handlers, for the caller's own project.
std::vector<Route> with_portal(std::vector<Route> routes) {
  constexpr std::string_view kProject = "/api/v1/projects/{project}";
  static std::deque<std::string> paths;  // whose text the routes refer to
  const auto count = routes.size();
  for (std::size_t index = 0; index < count; ++index) {
    routes[index].is_forwarded = routes[index].handler == &forward_event;
    auto route = routes[index];
    if (route.portal == Portal::refused || !route.path.starts_with(kProject)) continue;
    route.path = paths.emplace_back("/portal-api" + std::string(route.path.substr(kProject.size())));
    route.right = Right::portal;
    routes.push_back(route);
  }
  return routes;
}

}  // namespace

const std::vector<Route>& all_routes() {
  using http::verb;
  static const std::vector<Route> routes = with_portal({
      {verb::get, "/openapi.json", Right::anyone, &show_openapi},
      {verb::get, "/docs/?", Right::anyone, &show_reference},
      {verb::get, "/docs/{file}", Right::anyone, &show_reference_file},

      {verb::get, "/api/v1/projects/?", Right::any_key, &list_projects},
      {verb::post, "/api/v1/projects/?", Right::organisation_key, &create_project},
      {verb::get, "/api/v1/projects/{project}/?", Right::project, &show_project},
      {verb::put, "/api/v1/projects/{project}/?", Right::project, &update_project},
      {verb::post, "/api/v1/projects/{project}/?", Right::project, &update_project},
      {verb::delete_, "/api/v1/projects/{project}/?", Right::project, &delete_project},

      {verb::get, "/api/v1/api-keys/?", Right::organisation_key, &list_api_keys},
      {verb::post, "/api/v1/api-keys/?", Right::organisation_key, &create_api_key},
      {verb::get, "/api/v1/api-keys/{api_key}", Right::organisation_key, &show_api_key},
      {verb::put, "/api/v1/api-keys/{api_key}", Right::organisation_key, &update_api_key},
      {verb::delete_, "/api/v1/api-keys/{api_key}", Right::organisation_key, &delete_api_key},
      {verb::get, "/api/v1/projects/{project}/api-keys/?", Right::project, &list_api_keys},
      {verb::post, "/api/v1/projects/{project}/api-keys/?", Right::project, &create_api_key},
      {verb::get, "/api/v1/projects/{project}/api-keys/{api_key}", Right::project, &show_api_key},
      {verb::put, "/api/v1/projects/{project}/api-keys/{api_key}", Right::project, &update_api_key},
      {verb::delete_, "/api/v1/projects/{project}/api-keys/{api_key}", Right::project, &delete_api_key},

      {verb::get, "/api/v1/projects/{project}/endpoints/?", Right::project, &list_endpoints, Portal::read},
      {verb::post, "/api/v1/projects/{project}/endpoints/?", Right::project, &create_endpoint, Portal::manage},
      {verb::get, "/api/v1/projects/{project}/endpoints/period-failure-rates", Right::project, &list_failure_rates,
       Portal::read},
      {verb::post, "/api/v1/projects/{project}/endpoints/oauth2/test", Right::project, &test_oauth_connection},
      {verb::get, "/api/v1/projects/{project}/endpoints/{endpoint}", Right::project, &show_endpoint, Portal::read},
      {verb::put, "/api/v1/projects/{project}/endpoints/{endpoint}", Right::project, &update_endpoint, Portal::manage},
      {verb::delete_, "/api/v1/projects/{project}/endpoints/{endpoint}", Right::project, &delete_endpoint,
       Portal::manage},
      {verb::put, "/api/v1/projects/{project}/endpoints/{endpoint}/pause", Right::project, &pause_endpoint,
       Portal::manage},
      {verb::post, "/api/v1/projects/{project}/endpoints/{endpoint}/activate", Right::project, &activate_endpoint},
      {verb::put, "/api/v1/projects/{project}/endpoints/{endpoint}/expire_secret", Right::project,
       &expire_endpoint_secret, Portal::rotate},

      {verb::get, "/api/v1/projects/{project}/subscriptions/?", Right::project, &list_subscriptions, Portal::read},
      {verb::post, "/api/v1/projects/{project}/subscriptions/?", Right::project, &create_subscription, Portal::manage},
      {verb::get, "/api/v1/projects/{project}/subscriptions/{subscription}", Right::project, &show_subscription,
       Portal::read},
      {verb::put, "/api/v1/projects/{project}/subscriptions/{subscription}", Right::project, &update_subscription,
       Portal::manage},
      {verb::delete_, "/api/v1/projects/{project}/subscriptions/{subscription}", Right::project, &delete_subscription,
       Portal::manage},
      {verb::post, "/api/v1/projects/{project}/subscriptions/test_function", Right::project,
       &try_subscription_function},
      {verb::post, "/api/v1/projects/{project}/subscriptions/test_filter", Right::project, &test_filter, Portal::read},
      {verb::post, "/api/v1/projects/{project}/subscriptions/match", Right::project, &try_matches},
      {verb::get, "/api/v1/projects/{project}/subscriptions/{subscription}/filters/?", Right::project, &list_filters,
       Portal::read},
      {verb::post, "/api/v1/projects/{project}/subscriptions/{subscription}/filters/?", Right::project, &create_filter,
       Portal::manage},
      {verb::post, "/api/v1/projects/{project}/subscriptions/{subscription}/filters/bulk", Right::project,
       &create_filters, Portal::manage},
      {verb::put, "/api/v1/projects/{project}/subscriptions/{subscription}/filters/bulk_update", Right::project,
       &update_filters, Portal::manage},
      {verb::post, "/api/v1/projects/{project}/subscriptions/{subscription}/filters/bulk_update", Right::project,
       &update_filters, Portal::manage},
      {verb::post, "/api/v1/projects/{project}/subscriptions/{subscription}/filters/test/{event_type}", Right::project,
       &test_filters, Portal::read},
      {verb::get, "/api/v1/projects/{project}/subscriptions/{subscription}/filters/{filter}", Right::project,
       &show_filter, Portal::read},
      {verb::put, "/api/v1/projects/{project}/subscriptions/{subscription}/filters/{filter}", Right::project,
       &update_filter, Portal::manage},
      {verb::delete_, "/api/v1/projects/{project}/subscriptions/{subscription}/filters/{filter}", Right::project,
       &delete_filter, Portal::manage},
      {verb::put, "/api/v1/projects/{project}/subscriptions/{subscription}/toggle_status", Right::project,
       &toggle_subscription},

      {verb::get, "/api/v1/projects/{project}/sources/?", Right::project, &list_sources},
      {verb::post, "/api/v1/projects/{project}/sources/?", Right::project, &create_source},
      {verb::post, "/api/v1/projects/{project}/sources/test_function", Right::project, &try_source_function},
      {verb::get, "/api/v1/projects/{project}/sources/{source}", Right::project, &show_source},
      {verb::put, "/api/v1/projects/{project}/sources/{source}", Right::project, &update_source},
      {verb::post, "/api/v1/projects/{project}/sources/{source}", Right::project, &update_source},
      {verb::delete_, "/api/v1/projects/{project}/sources/{source}", Right::project, &delete_source},
      {verb::get, "/ingest/{mask}", Right::anyone, &answer_challenge},
      {verb::post, "/ingest/{mask}", Right::anyone, &forward_ingest},

      {verb::get, "/api/v1/projects/{project}/event-types/?", Right::project, &list_event_types, Portal::read},
      {verb::post, "/api/v1/projects/{project}/event-types/?", Right::project, &create_event_type},
      {verb::post, "/api/v1/projects/{project}/event-types/import", Right::project, &import_event_types},
      {verb::put, "/api/v1/projects/{project}/event-types/{event_type}", Right::project, &update_event_type},
      {verb::post, "/api/v1/projects/{project}/event-types/{event_type}/deprecate", Right::project,
       &deprecate_event_type},

      {verb::post, "/api/v1/projects/{project}/onboard", Right::project, &onboard},

      {verb::get, "/api/v1/projects/{project}/events/?", Right::project, &list_events, Portal::read},
      {verb::post, "/api/v1/projects/{project}/events/?", Right::project, &forward_event, Portal::replay},
      {verb::post, "/api/v1/projects/{project}/events/fanout", Right::project, &forward_event},
      {verb::post, "/api/v1/projects/{project}/events/broadcast", Right::project, &forward_event},
      {verb::post, "/api/v1/projects/{project}/events/dynamic", Right::project, &forward_event},
      {verb::post, "/api/v1/projects/{project}/events/batch", Right::project, &forward_event},
      {verb::post, "/api/v1/projects/{project}/events/batchreplay", Right::project, &replay_batch, Portal::replay},
      {verb::get, "/api/v1/projects/{project}/events/countbatchreplayevents", Right::project, &count_replay_batch,
       Portal::read},
      {verb::get, "/api/v1/projects/{project}/events/{event}", Right::project, &show_event, Portal::read},
      {verb::get, "/api/v1/projects/{project}/events/{event}/matches", Right::project, &list_event_matches},
      {verb::put, "/api/v1/projects/{project}/events/{event}/replay", Right::project, &replay_event, Portal::replay},

      {verb::get, "/api/v1/projects/{project}/jobs/?", Right::project, &list_jobs},
      {verb::post, "/api/v1/projects/{project}/jobs/?", Right::project, &create_job},
      {verb::get, "/api/v1/projects/{project}/jobs/{job}", Right::project, &show_job},
      {verb::post, "/api/v1/projects/{project}/jobs/{job}/cancel", Right::project, &cancel_job},

      {verb::get, "/api/v1/projects/{project}/eventdeliveries/?", Right::project, &list_deliveries, Portal::read},
      {verb::post, "/api/v1/projects/{project}/eventdeliveries/batchretry", Right::project, &retry_batch,
       Portal::replay},
      {verb::put, "/api/v1/projects/{project}/eventdeliveries/batchretry", Right::project, &retry_batch_by_put},
      {verb::post, "/api/v1/projects/{project}/eventdeliveries/forceresend", Right::project, &force_resend,
       Portal::replay},
      {verb::get, "/api/v1/projects/{project}/eventdeliveries/countbatchretryevents", Right::project,
       &count_retry_batch, Portal::read},
      {verb::get, "/api/v1/projects/{project}/eventdeliveries/statustotals", Right::project, &total_statuses,
       Portal::read},
      {verb::get, "/api/v1/projects/{project}/eventdeliveries/{delivery}", Right::project, &show_delivery,
       Portal::read},
      {verb::put, "/api/v1/projects/{project}/eventdeliveries/{delivery}/resend", Right::project, &resend_delivery,
       Portal::replay},
      {verb::get, "/api/v1/projects/{project}/eventdeliveries/{delivery}/deliveryattempts", Right::project,
       &list_attempts, Portal::read},
      {verb::get, "/api/v1/projects/{project}/eventdeliveries/{delivery}/deliveryattempts/{attempt}", Right::project,
       &show_attempt, Portal::read},

      {verb::get, "/api/v1/projects/{project}/portal-links/?", Right::project, &list_portal_links},
      {verb::post, "/api/v1/projects/{project}/portal-links/?", Right::project, &create_portal_link},
      {verb::get, "/api/v1/projects/{project}/portal-links/{portal_link}", Right::project, &show_portal_link},
      {verb::put, "/api/v1/projects/{project}/portal-links/{portal_link}", Right::project, &update_portal_link},
      {verb::delete_, "/api/v1/projects/{project}/portal-links/{portal_link}", Right::project, &revoke_portal_link},
      {verb::get, "/api/v1/projects/{project}/portal-links/{portal_link}/refresh_token", Right::project,
       &refresh_portal_token},
      {verb::put, "/api/v1/projects/{project}/portal-links/{portal_link}/revoke", Right::project, &revoke_portal_link},

      {verb::get, "/portal-api/portal_link", Right::portal, &show_own_link, Portal::read},
      {verb::get, "/portal-api/license/features", Right::portal, &show_features, Portal::read},
      {verb::get, "/portal-api/configuration", Right::portal, &show_configuration, Portal::read},
      {verb::get, "/portal-api/configuration/auth", Right::portal, &show_login_configuration, Portal::read},
      {verb::get, "/portal-api/dashboard/summary", Right::portal, &show_summary, Portal::read},

      {verb::get, "/api/v1/projects/{project}/meta-events/?", Right::project, &list_meta_events},
      {verb::get, "/api/v1/projects/{project}/meta-events/{meta_event}", Right::project, &show_meta_event},
      {verb::put, "/api/v1/projects/{project}/meta-events/{meta_event}/resend", Right::project, &resend_meta_event},
  });
  return routes;
}

}  // namespace fairlead::control
