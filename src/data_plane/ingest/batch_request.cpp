#include "data_plane/ingest/batch_request.hpp"

#include <array>
#include <utility>

#include "data_plane/ingest/request_members.hpp"

namespace fairlead::ingest {
namespace {

constexpr std::array<std::pair<std::string_view, EventKind>, 4> kKinds = {{{"endpoint", EventKind::endpoint},
                                                                           {"fanout", EventKind::fanout},
                                                                           {"broadcast", EventKind::broadcast},
                                                                           {"dynamic", EventKind::dynamic}}};
constexpr std::array<std::pair<std::string_view, EventKind>, 4> kTargets = {{{"endpoint_id", EventKind::endpoint},
                                                                             {"app_id", EventKind::endpoint},
                                                                             {"owner_id", EventKind::fanout},
                                                                             {"url", EventKind::dynamic}}};

Result<EventKind> kind_of(const std::vector<JsonMember>& members) {
  FL_TRY(const auto name, read_text(members, "kind", false, 32));
  for (const auto& [text, kind] : kKinds) {
    if (name == text) return kind;
  }
  if (!name.empty()) return bad_field("kind", "invalid_kind", "kind: expected endpoint, fanout, broadcast or dynamic");
  std::optional<EventKind> found;
  for (const auto& [member, kind] : kTargets) {
    if (find_member(members, member) == nullptr) continue;
    if (found && *found != kind) {
      return bad_field("kind", "ambiguous_target",
                       "an event has one of endpoint_id, owner_id and url, or says its kind");
    }
    found = kind;
  }
  if (found) return *found;
  return bad_field("kind", "required",
                   "an event has endpoint_id, owner_id or url; one for everybody says \"kind\": \"broadcast\"");
}

}  // namespace

Result<std::vector<std::string_view>> split_batch(std::string_view body) {
  if (body.empty()) return bad_field("", "invalid_json", "a JSON array of events is expected, the body is empty");
  std::string_view array = body;
  if (const auto start = body.find_first_not_of(" \t\r\n"); start != std::string_view::npos && body[start] == '{') {
    FL_TRY(const auto members, scan_object(body));
    const auto* events = find_member(members, "events");
    if (events == nullptr) return bad_field("events", "required", "events is required: an array of events");
    if (!events->value.starts_with('[')) return bad_field("events", "wrong_type", "events must be an array of events");
    array = events->value;
  }
  FL_TRY(auto items, scan_array(array));
  if (items.empty()) return bad_field("events", "required", "a batch has at least one event");
  if (items.size() > batch_items_max) {
    return bad_field("events", "too_many",
                     "a batch has at most " + std::to_string(batch_items_max) + " events, this one has " +
                         std::to_string(items.size()));
  }
  return items;
}

Result<BatchItem> parse_batch_item(std::string_view item, const RequestHeaders& headers) {
  if (!item.starts_with('{')) return bad_field("", "wrong_type", "an event is a JSON object");
  FL_TRY(const auto members, scan_object(item));
  BatchItem read;
  FL_TRY(read.kind, kind_of(members));
  FL_TRY(read.request, read_event_request(read.kind, members, headers));
  return read;
}

}  // namespace fairlead::ingest
