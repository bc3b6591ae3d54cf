#include "control_plane/resources/sources.hpp"

#include <nlohmann/json.hpp>

#include "common/store/config_change.hpp"
#include "control_plane/http/context.hpp"
#include "control_plane/http/etag.hpp"
#include "control_plane/http/pagination.hpp"
#include "control_plane/services/forwarder.hpp"
#include "control_plane/services/functions.hpp"
#include "control_plane/services/source_input.hpp"
#include "control_plane/services/source_json.hpp"
#include "control_plane/services/source_verifier.hpp"

namespace fairlead::control {
namespace {

using store::Tx;
using store::TxKind;

constexpr std::size_t kTokenBytesMax = 1024;

struct SourceKey {
  ProjectId project;
  SourceId id;
};

Result<SourceKey> key_of(const Request& request) {
  FL_TRY(const auto id, request.id<SourceTag>("source", "source"));
  return SourceKey{request.project(), id};
}

SourceView view_of(const Context& context, const Request& request) {
  auto base = context.public_url;
  if (base.empty()) base = "http://" + std::string(request.http->header("Host").value_or(""));
  return {context.sealer, std::move(base)};
}

Result<Response> source_response(net::http::status status, std::string_view message, const store::Source& source,
                                 const SourceView& view) {
  JsonWriter json;
  FL_TRY_VOID(write_source(json, source, view));
  return with_etag(net::success(status, message, json.take()), source.updated_at);
}

std::string param(const Request& request, std::string_view name) {
  for (const auto& [key, value] : request.params) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

Task<Result<Response>> list_sources(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto page_query, parse_page(request->query, false));
  const store::SourceFilter filter{.project = request->project(),
                                   .type = request->query.first("type").value_or(""),
                                   .provider = request->query.first("provider").value_or(""),
                                   .name_part = request->query.first("q").value_or("")};
  const auto read = [page_query, filter](Tx& tx) {
    return read_page<store::Source>(page_query,
                                    [&](const store::Keyset& slice) { return store::list_sources(tx, filter, slice); });
  };
  FL_CO_TRY(const auto page, co_await context.db.run(TxKind::snapshot, read));
  const auto view = view_of(context, *request);
  Result<void> written;
  auto data = page_json(page, [&](JsonWriter& json, const store::Source& source) {
    if (written) written = write_source(json, source, view);
  });
  FL_CO_TRY_VOID(written);
  co_return net::success(net::http::status::ok, "Sources", data);
}

Task<Result<Response>> create_source(Context& context, RequestPtr request) {
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  FL_CO_TRY_VOID(co_await check_functions(context, request->project(), body, {"body_function", "header_function"}));
  const auto insert = [&context, body = std::move(body),
                       project = request->project()](Tx& tx) -> Result<store::Source> {
    FL_TRY(const auto number, store::begin_project_change(tx, project));
    store::Source source{.project = project, .id = context.ids.next<SourceTag>(), .mask = make_source_mask()};
    FL_TRY_VOID(apply_source_input(source, body, context.sealer, true));
    source.created_at = source.updated_at = wall_now();
    FL_TRY_VOID(store::insert_source(tx, source, number));
    return source;
  };
  FL_CO_TRY(const auto source, co_await context.db.run(TxKind::read_write, insert));
  co_return source_response(net::http::status::created, "Source created", source, view_of(context, *request));
}

Task<Result<Response>> show_source(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  FL_CO_TRY(const auto source, co_await context.db.run(TxKind::autocommit, &store::get_source, key.project, key.id));
  co_return source_response(net::http::status::ok, "Source", source, view_of(context, *request));
}

Task<Result<Response>> update_source(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  FL_CO_TRY(auto body, JsonBody::parse(request->http->body));
  FL_CO_TRY_VOID(co_await check_functions(context, request->project(), body, {"body_function", "header_function"}));
  const auto change = [&context, body = std::move(body), key, http = request->http](Tx& tx) -> Result<store::Source> {
    FL_TRY(const auto number, store::begin_project_change(tx, key.project));
    FL_TRY(auto source, store::get_source(tx, key.project, key.id));
    FL_TRY_VOID(check_if_match(*http, source.updated_at));
    FL_TRY_VOID(apply_source_input(source, body, context.sealer, false));
    source.updated_at = wall_now();
    FL_TRY_VOID(store::update_source(tx, source, number));
    return source;
  };
  FL_CO_TRY(const auto source, co_await context.db.run(TxKind::read_write, change));
  co_return source_response(net::http::status::accepted, "Source updated", source, view_of(context, *request));
}

// DELETE …/sources/{source}: with its subscriptions. What it brought stays, and its address is used by no other.
Task<Result<Response>> delete_source(Context& context, RequestPtr request) {
  FL_CO_TRY(const auto key, key_of(*request));
  const auto remove = [key, http = request->http](Tx& tx) -> Result<bool> {
    FL_TRY(const auto number, store::begin_project_change(tx, key.project));
    FL_TRY(const auto source, store::get_source(tx, key.project, key.id));
    FL_TRY_VOID(check_if_match(*http, source.updated_at));
    FL_TRY_VOID(store::delete_source(tx, key.project, key.id, number, wall_now()));
    return true;
  };
  FL_CO_TRY([[maybe_unused]] const bool is_gone, co_await context.db.run(TxKind::read_write, remove));
  co_return net::success(net::http::status::ok, "Source deleted", "null");
}

// GET /ingest/{mask}?crc_token=…: proves to X (Twitter) that the source knows its consumer secret.
Task<Result<Response>> answer_challenge(Context& context, RequestPtr request) {
  const auto mask = param(*request, "mask");
  FL_CO_TRY(const auto source, co_await context.db.run(TxKind::autocommit, &store::get_source_by_mask, mask));
  if (source.provider != "twitter" || source.is_disabled)
    co_return fail(Error{Code::invalid, "this source answers no challenge", "no_challenge"});
  const auto token = request->query.first("crc_token").value_or("");
  if (token.empty() || token.size() > kTokenBytesMax)
    co_return bad_field("crc_token", "required",
                        "crc_token: expected 1 to " + std::to_string(kTokenBytesMax) + " bytes");
  FL_CO_TRY(const auto proof, prove_challenge(source, token, context.sealer));
  FL_CO_TRY_VOID(co_await context.db.run(TxKind::autocommit, &store::note_source_challenge, source.project, source.id));
  Response response;
  response.body = nlohmann::json{{"response_token", proof}}.dump();
  co_return response;
}

// POST /ingest/{mask}: the data plane's answer, whatever it is.
Task<Result<Response>> forward_ingest(Context& context, RequestPtr request) {
  co_return co_await context.forwarder.forward_all(request->http);
}

}  // namespace fairlead::control
