#include "control_plane/resources/matches.hpp"

#include "common/domain/event_type.hpp"
#include "common/store/endpoints.hpp"
#include "common/store/queue.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/services/filter_input.hpp"
#include "control_plane/services/match_report.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

Response matches_response(const Page<MatchJudgement>& page) {
  return net::success(net::http::status::ok, "Matches", page_json(page, &write_judgement));
}

Result<JudgedEvent> read_event(Tx& tx, const ProjectId& project, const EventId& id) {
  JudgedEvent event;
  FL_TRY(event.target, store::get_event_target(tx, project, id));
  FL_TRY(const auto contents, store::load_contents(tx, {{project, id}}));
  if (contents.empty()) return fail(Code::not_found, "event not found");
  event.content = *contents.front().content;
  return event;
}

// Like the body of an event's creation: endpoint_id, owner_id, or neither for a broadcast.
Result<JudgedEvent> read_unsent(const JsonValue& body) {
  JudgedEvent event;
  FL_TRY(event.content.event_type, body.member_text("event_type"));
  FL_TRY_VOID(check_event_type(event.content.event_type, "event_type"));
  FL_TRY(const auto endpoint, body.member_text("endpoint_id"));
  if (!endpoint.empty()) {
    event.target.endpoint = parse_id<EndpointTag>(endpoint);
    if (!event.target.endpoint) return fail(Error{Code::not_found, "endpoint not found", "", "endpoint_id"});
  }
  FL_TRY(event.target.owner_id, body.member_text("owner_id"));
  const auto data = body.find("data");
  if (!data) return bad_field("data", "required", "data is required; it may be any JSON value, null included");
  event.content.body = std::make_shared<const std::string>(data->raw());
  const auto headers = body.find("custom_headers");
  if (!headers || headers->kind() == JsonKind::null) return event;
  if (headers->kind() != JsonKind::object)
    return bad_field("custom_headers", "wrong_type", "custom_headers: expected an object");
  for (const auto& member : headers->members()) {
    if (member.kind() != JsonKind::string)
      return bad_field(member.path, "wrong_type", member.path + ": expected a string");
  }
  event.content.headers_json = headers->raw();
  return event;
}

}  // namespace

Task<Result<Response>> list_event_matches(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto page_query, parse_page(request->query, false));
  FL_CO_TRY(const auto id, request->id<EventTag>("event", "event"));
  const auto read = [project = request->project(), id, page_query](Tx& tx) -> Result<Page<MatchJudgement>> {
    FL_TRY(const auto event, read_event(tx, project, id));
    return judge_subscriptions(tx, project, event, page_query);
  };
  FL_CO_TRY(const auto page, co_await context.lists.run(TxKind::snapshot, read));
  co_return matches_response(page);
}

Task<Result<Response>> try_matches(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto page_query, parse_page(request->query, false));
  FL_CO_TRY(const auto body, JsonValue::parse(request->http->body));
  FL_CO_TRY(const auto event, read_unsent(body));
  const auto read = [project = request->project(), event, page_query](Tx& tx) -> Result<Page<MatchJudgement>> {
    if (event.target.endpoint) {
      if (auto found = store::get_endpoint(tx, project, *event.target.endpoint); !found) {
        found.error().field = "endpoint_id";
        return std::unexpected(found.error());
      }
    }
    return judge_subscriptions(tx, project, event, page_query);
  };
  FL_CO_TRY(const auto page, co_await context.lists.run(TxKind::snapshot, read));
  co_return matches_response(page);
}

}  // namespace fairlead::control
