#include "control_plane/resources/documentation.hpp"

#include <algorithm>

#include "control_plane/http/embedded_files.hpp"

namespace fairlead::control {
namespace {

// The reader is a web component that styles itself; it reads from this server alone, and nobody may frame it.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src "
    "'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Whether a comma-separated header names `item`, or everything (RFC 9110 §13.1.2, §12.5.3); parameters are cut off.
bool names(std::optional<std::string_view> list, std::string_view item) {
  auto rest = list.value_or("");
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    auto each = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
    const bool is_refused = each.find("q=0") != std::string_view::npos && each.find("q=0.") == std::string_view::npos;
    each = each.substr(0, each.find(';'));
    const auto first = each.find_first_not_of(" \t");
    if (first == std::string_view::npos || is_refused) continue;
    each = each.substr(first, each.find_last_not_of(" \t") + 1 - first);
    if (each.starts_with("W/")) each.remove_prefix(2);
    if (each == item || each == "*") return true;
  }
  return false;
}

Result<Response> answer_file(std::string_view name, const net::HttpRequest& http) {
  const auto files = embedded_files();
  const auto file = std::ranges::find(files, name, &EmbeddedFile::name);
  if (file == files.end()) return fail(Error{Code::not_found, "there is no such page", "no_such_route"});
  Response response{.content_type = std::string(file->content_type)};
  response.headers = {{"ETag", std::string(file->etag)}, {"Cache-Control", "no-cache"}, {"Vary", "Accept-Encoding"}};
  if (file->content_type.starts_with("text/html")) {
    response.headers.emplace_back("Content-Security-Policy", kPolicy);
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
  }
  if (names(http.header("If-None-Match"), file->etag)) {
    response.status = net::http::status::not_modified;
    return response;
  }
  if (names(http.header("Accept-Encoding"), "gzip")) {
    response.body = file->packed;
    response.headers.emplace_back("Content-Encoding", "gzip");
    return response;
  }
  FL_TRY(response.body, unpack(*file));
  return response;
}

}  // namespace

Task<Result<Response>> show_openapi(Context&, RequestPtr request) {
  co_return answer_file("openapi.json", *request->http);
}

Task<Result<Response>> show_reference(Context&, RequestPtr request) {
  co_return answer_file("index.html", *request->http);
}

// GET /docs/{file}: what the reference's page asks for.
Task<Result<Response>> show_reference_file(Context&, RequestPtr request) {
  co_return answer_file(request->params.front().second, *request->http);
}

}  // namespace fairlead::control
