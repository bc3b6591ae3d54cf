#include "common/script/runner.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <list>
#include <set>
#include <vector>

#include "common/core/clock.hpp"
#include "common/net/serial.hpp"
#include "common/script/exchange.hpp"

namespace fairlead::script {
namespace {

namespace asio = boost::asio;

using Done = std::move_only_function<void(Result<Output>)>;

// A job that waits for a worker.
struct Waiting {
  std::string owner;
  Job job;
  Done done;
  std::shared_ptr<asio::steady_timer> patience;
};

std::unexpected<Error> busy(std::string message) {
  return fail(Error{Code::rate_limited, std::move(message), "functions_busy"});
}

std::string position_of(const Fault& fault) {
  if (fault.line == 0) return "";
  return "line " + std::to_string(fault.line) + ", column " + std::to_string(fault.column) + ": ";
}

Result<Output> to_result(Result<Answer> answer) {
  if (!answer) return std::unexpected(std::move(answer).error());
  if (*answer) return **std::move(answer);
  const auto& fault = answer->error();
  return fail(Error{Code::invalid, position_of(fault) + fault.message, fault.reason});
}

}  // namespace

// Everything on one Serial. Workers' coroutines hold it, so that it outlives the Runner if they do.
struct Runner::State : std::enable_shared_from_this<Runner::State> {
  State(const asio::any_io_executor& executor, RunnerOptions chosen)
      : serial(make_serial(executor)), options(std::move(chosen)) {}

  void submit(std::string owner, Job job, Done done) {
    const auto of_owner = std::ranges::count(waiting, owner, &Waiting::owner);
    if (waiting.size() >= options.waiting_max || static_cast<std::size_t>(of_owner) >= options.waiting_per_owner_max) {
      done(busy("too many functions wait to be run; try again in a moment"));
      return;
    }
    auto patience = std::make_shared<asio::steady_timer>(serial, options.patience);
    waiting.push_back({std::move(owner), std::move(job), std::move(done), patience});
    patience->async_wait([state = weak_from_this(), timer = std::weak_ptr(patience)](boost::system::error_code error) {
      if (const auto alive = state.lock(); alive && !error) alive->give_up(timer.lock());
    });
    wake();
  }

  // One worker more if there may be one, or one that is idle.
  void wake() {
    if (!idle.empty()) {
      idle.back()->cancel();
      idle.pop_back();
    } else if (workers < options.workers_max) {
      ++workers;
      asio::co_spawn(serial, work(shared_from_this()), asio::detached);
    }
  }

  void give_up(const std::shared_ptr<asio::steady_timer>& timer) {
    const auto found = std::ranges::find(waiting, timer, &Waiting::patience);
    if (found == waiting.end()) return;
    auto done = std::move(found->done);
    waiting.erase(found);
    done(busy("no worker was free to run the function in time; try again in a moment"));
  }

  // The first that waits and whose owner has none under way.
  std::optional<Waiting> take() {
    const auto found = std::ranges::find_if(waiting, [&](const auto& each) { return !owners.contains(each.owner); });
    if (found == waiting.end()) return std::nullopt;
    auto taken = std::move(*found);
    waiting.erase(found);
    taken.patience->cancel();
    owners.insert(taken.owner);
    return taken;
  }

  // A worker's life: jobs as long as there are any, then a while of waiting for more.
  static Task<void> work(std::shared_ptr<State> state) {
    std::optional<WorkerProcess> process;
    for (;;) {
      if (auto taken = state->take()) {
        auto answer = co_await exchange(process, state->serial, taken->job,
                                        {.program = state->options.program, .run_max = state->options.run_max});
        if (!answer) spdlog::warn("script_worker_failed owner={} error={}", taken->owner, answer.error().message);
        state->owners.erase(taken->owner);
        taken->done(to_result(std::move(answer)));
        continue;
      }
      auto timer = std::make_shared<asio::steady_timer>(state->serial, state->options.idle_max);
      state->idle.push_back(timer);
      const auto [error] = co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
      std::erase(state->idle, timer);
      if (!error && state->waiting.empty()) break;
    }
    --state->workers;
  }

  Serial serial;
  RunnerOptions options;
  std::list<Waiting> waiting;                             // in the order of arrival
  std::set<std::string> owners;                           // of jobs under way
  std::vector<std::shared_ptr<asio::steady_timer>> idle;  // of workers that wait for a job
  std::size_t workers = 0;
};

Runner::Runner(asio::any_io_executor executor, RunnerOptions options)
    : state_(std::make_shared<State>(executor, std::move(options))) {}

Task<Result<Output>> Runner::run(std::string owner, Job job) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(Result<Output>)>(
      [state = state_](auto handler, std::string who, Job what) {
        auto executor = asio::get_associated_executor(handler);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        Done done = [executor, guard = asio::make_work_guard(executor), shared](Result<Output> result) {
          asio::post(executor,
                     [shared, result = std::move(result)]() mutable { std::move (*shared)(std::move(result)); });
        };
        asio::post(state->serial,
                   [state, who = std::move(who), what = std::move(what), done = std::move(done)]() mutable {
                     state->submit(std::move(who), std::move(what), std::move(done));
                   });
      },
      asio::use_awaitable, std::move(owner), std::move(job));
}

}  // namespace fairlead::script
