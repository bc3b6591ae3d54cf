#include "control_plane/routes.hpp"

#include "control_plane/resources/deliveries.hpp"
#include "control_plane/resources/endpoints.hpp"
#include "control_plane/resources/event_types.hpp"
#include "control_plane/resources/events.hpp"
#include "control_plane/resources/projects.hpp"
#include "control_plane/resources/subscriptions.hpp"

namespace fairlead::control {

const std::vector<Route>& all_routes() {
  using http::verb;
  static const std::vector<Route> routes = {
      {verb::get, "/api/v1/projects/?", Right::any_key, &list_projects},
      {verb::post, "/api/v1/projects/?", Right::organisation_key, &create_project},
      {verb::get, "/api/v1/projects/{project}/?", Right::project, &show_project},
      {verb::put, "/api/v1/projects/{project}/?", Right::project, &update_project},
      {verb::post, "/api/v1/projects/{project}/?", Right::project, &update_project},
      {verb::delete_, "/api/v1/projects/{project}/?", Right::project, &delete_project},

      {verb::get, "/api/v1/projects/{project}/endpoints/?", Right::project, &list_endpoints},
      {verb::post, "/api/v1/projects/{project}/endpoints/?", Right::project, &create_endpoint},
      {verb::get, "/api/v1/projects/{project}/endpoints/{endpoint}", Right::project, &show_endpoint},
      {verb::put, "/api/v1/projects/{project}/endpoints/{endpoint}", Right::project, &update_endpoint},
      {verb::delete_, "/api/v1/projects/{project}/endpoints/{endpoint}", Right::project, &delete_endpoint},
      {verb::put, "/api/v1/projects/{project}/endpoints/{endpoint}/pause", Right::project, &pause_endpoint},
      {verb::post, "/api/v1/projects/{project}/endpoints/{endpoint}/activate", Right::project, &activate_endpoint},
      {verb::put, "/api/v1/projects/{project}/endpoints/{endpoint}/expire_secret", Right::project,
       &expire_endpoint_secret},

      {verb::get, "/api/v1/projects/{project}/subscriptions/?", Right::project, &list_subscriptions},
      {verb::post, "/api/v1/projects/{project}/subscriptions/?", Right::project, &create_subscription},
      {verb::get, "/api/v1/projects/{project}/subscriptions/{subscription}", Right::project, &show_subscription},
      {verb::put, "/api/v1/projects/{project}/subscriptions/{subscription}", Right::project, &update_subscription},
      {verb::delete_, "/api/v1/projects/{project}/subscriptions/{subscription}", Right::project, &delete_subscription},
      {verb::put, "/api/v1/projects/{project}/subscriptions/{subscription}/toggle_status", Right::project,
       &toggle_subscription},

      {verb::get, "/api/v1/projects/{project}/event-types/?", Right::project, &list_event_types},
      {verb::post, "/api/v1/projects/{project}/event-types/?", Right::project, &create_event_type},
      {verb::put, "/api/v1/projects/{project}/event-types/{event_type}", Right::project, &update_event_type},
      {verb::post, "/api/v1/projects/{project}/event-types/{event_type}/deprecate", Right::project,
       &deprecate_event_type},

      {verb::get, "/api/v1/projects/{project}/events/?", Right::project, &list_events},
      {verb::post, "/api/v1/projects/{project}/events/?", Right::project, &forward_event},
      {verb::post, "/api/v1/projects/{project}/events/fanout", Right::project, &forward_event},
      {verb::post, "/api/v1/projects/{project}/events/broadcast", Right::project, &forward_event},
      {verb::get, "/api/v1/projects/{project}/events/{event}", Right::project, &show_event},

      {verb::get, "/api/v1/projects/{project}/eventdeliveries/?", Right::project, &list_deliveries},
      {verb::get, "/api/v1/projects/{project}/eventdeliveries/{delivery}", Right::project, &show_delivery},
      {verb::get, "/api/v1/projects/{project}/eventdeliveries/{delivery}/deliveryattempts", Right::project,
       &list_attempts},
      {verb::get, "/api/v1/projects/{project}/eventdeliveries/{delivery}/deliveryattempts/{attempt}", Right::project,
       &show_attempt},
  };
  return routes;
}

}  // namespace fairlead::control
