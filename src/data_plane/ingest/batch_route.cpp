// Many events in one request: each is read, limited, judged and answered on its own, all through the same batcher.
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unordered_map>

#include "common/net/problem.hpp"
#include "common/net/serial.hpp"
#include "data_plane/ingest/batch_answer.hpp"
#include "data_plane/ingest/batch_request.hpp"
#include "data_plane/ingest/route.hpp"

namespace fairlead::ingest {
namespace asio = boost::asio;
namespace {

// Those that may go at the same time, each in the order of the request.
std::vector<std::vector<std::size_t>> make_chains(const BatchWork& work) {
  std::vector<std::vector<std::size_t>> chains;
  std::unordered_map<std::string_view, std::size_t> by_key;
  for (std::size_t index = 0; index < work.submissions.size(); ++index) {
    if (!work.submissions[index]) continue;
    const std::string_view key = (*work.submissions[index])->request.content->idempotency_key;
    const auto [place, is_new] = by_key.try_emplace(key, chains.size());
    if (key.empty() || is_new)
      chains.push_back({index});
    else
      chains[place->second].push_back(index);
  }
  return chains;
}

}  // namespace

Result<std::shared_ptr<Submission>> Route::read_batch_item(const Entrance& entrance, std::string_view item,
                                                           const RequestHeaders& headers) {
  if (auto refusal = admission_.take(*entrance.project, wiring_.clock())) return fail(std::move(refusal->error));
  FL_TRY(auto read, parse_batch_item(item, headers));
  if (read.request.content->body->size() > wiring_.payload_bytes_max)
    return fail(payload_too_large(wiring_.payload_bytes_max));
  return std::make_shared<Submission>(Submission{.key = entrance.key,
                                                 .project = entrance.project->id,
                                                 .kind = read.kind,
                                                 .request = std::move(read.request),
                                                 .view = {},
                                                 .matches = {}});
}

// The events with one idempotency key one after the other, so that the first of them is the one that counts.
Task<void> Route::accept_chain(std::shared_ptr<BatchWork> work, std::vector<std::size_t> indexes) {
  for (const auto index : indexes) work->answers[index] = co_await accept(*work->submissions[index]);
}

// On one strand, so that the events reach the batcher in the order of the request.
Task<void> Route::accept_all(std::shared_ptr<BatchWork> work) {
  const auto chains = make_chains(*work);
  if (chains.empty()) co_return;
  work->open_chains = chains.size();
  const auto strand = make_serial(co_await asio::this_coro::executor);
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [&](auto handler) {
        auto executor = asio::get_associated_executor(handler);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        for (const auto& chain : chains) {
          asio::co_spawn(strand, accept_chain(work, chain), [work, executor, shared](const std::exception_ptr&) {
            if (--work->open_chains == 0) asio::post(executor, [shared] { std::move (*shared)(); });
          });
        }
      },
      asio::use_awaitable);
}

Task<net::HttpResponse> Route::create_batch(std::shared_ptr<const net::HttpRequest> request, ProjectId project) {
  const auto begin = Steady::now();
  auto entrance = enter(*request, project);
  if (!entrance) entrance = co_await enter_again(request, project);
  if (!entrance) co_return net::problem(entrance.error(), request->request_id);
  if (!request->header("Idempotency-Key").value_or("").empty()) {
    const Error error{Code::invalid, "the header is of one event: in a batch each event has its own idempotency_key",
                      "not_for_batches", "Idempotency-Key"};
    co_return net::problem(error, request->request_id);
  }
  const auto items = split_batch(request->body);
  if (!items) co_return net::problem(items.error(), request->request_id);
  const RequestHeaders headers{.idempotency_key = {},
                               .trace_parent = request->header("traceparent").value_or(""),
                               .hops = request->header(hops_header).value_or("")};
  auto work = std::make_shared<BatchWork>();
  for (const auto item : *items) {
    work->submissions.push_back(read_batch_item(*entrance, item, headers));
    const auto& read = work->submissions.back();
    work->answers.emplace_back(
        std::unexpected(read ? Error{Code::internal, "an event of a batch was not answered"} : read.error()));
  }
  co_await accept_all(work);
  wiring_.metrics.ingest_seconds.Observe(std::chrono::duration<double>(Steady::now() - begin).count());
  co_return batch_created(work->answers);
}

}  // namespace fairlead::ingest
