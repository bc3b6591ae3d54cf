#include "data_plane/ingest/source_route.hpp"

#include <nlohmann/json.hpp>

#include "common/crypto/digest.hpp"
#include "common/net/problem.hpp"
#include "common/store/sources.hpp"
#include "data_plane/ingest/route.hpp"
#include "data_plane/ingest/source_form.hpp"

namespace fairlead::ingest {
namespace {

namespace http = net::http;

constexpr std::string_view kPrefix = "/ingest/";
constexpr std::size_t kTokenBytesMax = 1024;

bool is_mask(std::string_view text) {
  return text.size() == source_mask_length && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

net::HttpResponse accepted(const SourceConfig& source, const StoredEvent& stored, std::size_t bytes) {
  if (source.response_body.empty()) {
    return net::success(http::status::ok, stored.is_duplicate ? "Event was received before" : "Event received",
                        std::to_string(bytes));
  }
  return {.status = http::status::ok,
          .body = source.response_body,
          .content_type = source.response_type.empty() ? "text/plain; charset=utf-8" : source.response_type};
}

}  // namespace

bool is_source_path(std::string_view path) { return path.starts_with(kPrefix); }

Task<net::HttpResponse> SourceRoute::handle(std::shared_ptr<const net::HttpRequest> request) {
  std::string mask = request->path.substr(kPrefix.size());
  if (!is_mask(mask)) {
    co_return net::problem(Error{Code::not_found, "there is no source at this address"}, request->request_id);
  }
  if (request->method == http::verb::post) co_return co_await take(std::move(request), std::move(mask));
  if (request->method == http::verb::get) {
    auto answer = co_await answer_challenge(request, std::move(mask));
    co_return answer ? *std::move(answer) : net::problem(answer.error(), request->request_id);
  }
  auto response = net::http_problem(http::status::method_not_allowed, "method_not_allowed",
                                    "a source takes events by POST", request->request_id);
  response.headers.emplace_back("Allow", "GET, POST");
  co_return response;
}

Task<net::HttpResponse> SourceRoute::take(std::shared_ptr<const net::HttpRequest> request, std::string mask) {
  const auto begin = Steady::now();
  if (!wiring_.is_ready()) {
    co_return net::problem(Error{Code::unavailable, "this node is not ready to accept events", "not_ready"},
                           request->request_id);
  }
  if (request->header("Content-Encoding").value_or("identity") != "identity") {
    co_return net::http_problem(http::status::unsupported_media_type, "unsupported_content_encoding",
                                "no content coding is accepted", request->request_id);
  }
  const auto source = co_await find_current(mask);
  if (!source) co_return net::problem(source.error(), request->request_id);
  const auto project = wiring_.refresher.current()->find_project((*source)->project);
  if (project) {
    const auto now = wiring_.clock();
    if (const auto refusal = admission_.take(*project, now)) co_return refusal->answer(now, request->request_id);
  }
  auto submission = std::make_shared<Submission>();
  submission->kind = EventKind::source;
  submission->source = std::make_shared<SourceArrival>(
      SourceArrival{.mask = std::move(mask), .http = request, .payload_bytes_max = wiring_.payload_bytes_max});
  const auto judged = co_await judge_current(submission);
  if (!judged) co_return net::problem(judged.error(), request->request_id);
  if (const auto& word = submission->source->challenge; !word.empty()) {
    co_return net::HttpResponse{.status = http::status::ok, .body = word, .content_type = "text/plain"};
  }
  const std::size_t bytes = submission->request.content->body->size();
  const auto stored = co_await wiring_.batcher.submit(submission);
  if (!stored) co_return net::problem(stored.error(), request->request_id);
  wiring_.metrics.ingest_seconds.Observe(std::chrono::duration<double>(Steady::now() - begin).count());
  co_return accepted(*submission->source->judged_by, *stored, bytes);
}

// What the snapshot at hand refuses may have been configured a moment ago, so a refusal is checked once more on the
// newest.
Task<Result<match::SourcePtr>> SourceRoute::find_current(std::string mask) {
  if (auto source = find_open_source(mask, *wiring_.refresher.current())) co_return source;
  FL_CO_TRY_VOID(co_await wiring_.refresher.refresh());
  co_return find_open_source(mask, *wiring_.refresher.current());
}

Task<Result<void>> SourceRoute::judge_current(std::shared_ptr<Submission> submission) {
  if (judge_source(*submission, *wiring_.refresher.current(), wiring_.clock())) co_return Result<void>{};
  FL_CO_TRY_VOID(co_await wiring_.refresher.refresh());
  co_return judge_source(*submission, *wiring_.refresher.current(), wiring_.clock());
}

Task<Result<net::HttpResponse>> SourceRoute::answer_challenge(std::shared_ptr<const net::HttpRequest> request,
                                                              std::string mask) {
  FL_CO_TRY(const auto source, co_await find_current(std::move(mask)));
  const auto& verifier = source->verifier;
  if (verifier.kind != VerifierKind::twitter || verifier.secrets.empty())
    co_return fail(Error{Code::invalid, "this source answers no challenge", "no_challenge"});
  FL_CO_TRY(const auto query, parse_urlencoded(request->query));
  const std::string token(find_field(query, "crc_token").value_or(""));
  if (token.empty() || token.size() > kTokenBytesMax)
    co_return bad_field("crc_token", "required",
                        "crc_token: expected 1 to " + std::to_string(kTokenBytesMax) + " bytes");
  const auto mac = crypto::hmac(crypto::Hash::sha256, verifier.secrets.front().reveal(), token);
  FL_CO_TRY_VOID(
      co_await wiring_.db.run(store::TxKind::autocommit, &store::note_source_challenge, source->project, source->id));
  net::HttpResponse response;
  response.body = nlohmann::json{{"response_token", "sha256=" + crypto::to_base64(mac)}}.dump();
  co_return response;
}

}  // namespace fairlead::ingest
