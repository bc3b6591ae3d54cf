#include "control_plane/resources/onboard.hpp"

#include "common/store/projects.hpp"
#include "control_plane/http/json_writer.hpp"
#include "control_plane/services/onboarding.hpp"

namespace fairlead::control {
namespace {

using store::TxKind;

std::string check_json(std::size_t rows, const OnboardCheck& check) {
  JsonWriter json;
  json.begin_object().field("total_rows", rows).field("valid_count", check.items.size());
  json.key("errors").begin_array();
  for (const auto& fault : check.faults) {
    json.begin_object().field("row", fault.row).field("field", fault.field);
    json.field("message", fault.message).end_object();
  }
  return json.end_array().end_object().take();
}

// The one error that has data (wire contract 1.7).
Response refusal(const std::string& data, std::string_view request_id) {
  auto response = net::http_problem(net::http::status::bad_request, "invalid_items",
                                    "nothing was onboarded: some items are invalid", request_id);
  response.body.insert(response.body.size() - 1, ",\"data\":" + data);
  return response;
}

Result<bool> wants_dry_run(const Query& query) {
  const auto text = query.first("dry_run").value_or("false");
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return bad_field("dry_run", "invalid_boolean", "dry_run: expected true or false");
}

}  // namespace

// POST …/onboard: 202 once everything is written; 200 with what would be wrong for dry_run, 400 with it otherwise. When
// the database goes away in between, some batches are written: sending the same again goes on from there.
Task<Result<Response>> onboard(Context& context, RequestPtr request) {
  FL_CO_TRY(const bool is_dry, wants_dry_run(request->query));
  const auto project = request->project();
  FL_CO_TRY(const auto stored, co_await context.db.run(TxKind::autocommit, &store::get_project, project));
  if (stored.type != "outgoing")
    co_return fail(Error{Code::invalid, "only an outgoing project has endpoints to onboard", "outgoing_only"});
  const auto& http = *request->http;
  const std::string_view content_type = http.header("Content-Type").value_or("");
  FL_CO_TRY(auto read, content_type.starts_with("multipart/form-data") ? read_onboard_form(content_type, http.body)
                                                                       : read_onboard_json(http.body));
  const std::size_t rows = read.rows.size();
  const EndpointRules rules{context.sealer, context.guard, ProjectConfig::from_stored(stored.config), true, {}};
  const auto check =
      std::make_shared<const OnboardCheck>(check_onboard_rows(std::move(read), project, rules, context.ids));
  const auto data = check_json(rows, *check);
  if (is_dry) co_return net::success(net::http::status::ok, "Nothing was written", data);
  if (!check->faults.empty()) co_return refusal(data, http.request_id);
  std::size_t batches = 0;
  for (std::size_t begin = 0; begin < check->items.size(); begin += onboard_batch_items, ++batches) {
    const auto write = [check, begin, project, &context](store::Tx& tx) {
      const auto first = check->items.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto count = std::min(onboard_batch_items, check->items.size() - begin);
      return write_onboard_batch(tx, project, {first, first + static_cast<std::ptrdiff_t>(count)}, context);
    };
    FL_CO_TRY([[maybe_unused]] const bool is_written, co_await context.db.run(TxKind::read_write, write));
  }
  JsonWriter json;
  json.begin_object().field("batch_count", batches).field("total_items", rows);
  json.field("message", std::to_string(rows) + " items onboarded").end_object();
  co_return net::success(net::http::status::accepted, "Onboarded", json.take());
}

}  // namespace fairlead::control
