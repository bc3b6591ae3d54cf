// The one bridge between coroutines and blocking SQL: a pool of threads, each with its own connection.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

#include "common/core/result.hpp"
#include "common/ops/task.hpp"

namespace fairlead::store {

class AnswerDeadline;
class Tx;

enum class TxKind {
  autocommit,  // one statement, committed by itself: no BEGIN/COMMIT round trips
  read_write,
  snapshot,  // REPEATABLE READ, read only
};

struct DbOptions {
  std::string url;
  std::string application_name;
  int connections = 1;
  std::chrono::milliseconds statement_timeout{10000};
  bool is_hot = false;  // plans pinned for the hot statements (design: queue measurements)
  // Whether a hot statement may hash: ingest compares its own lists that way. What looks rows up by key must not: on
  // fresh tables the planner would read the whole queue for it.
  bool may_hash = false;
};

// A connection that is opened on first use and again after it broke. One thread at a time.
class Connection {
 public:
  explicit Connection(DbOptions options);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  // Runs `work` in a transaction of that kind. An exception becomes an Error: Code::unavailable with reason
  // "database_unavailable" if the connection was lost (the outcome is unknown) or could not be opened, with reason
  // "database_busy" if it was cancelled by a timeout, a lock or a deadlock; Code::internal with the SQLSTATE in the
  // message and reason "content_refused" if PostgreSQL refused the values, "statement_refused" if it refused the
  // statement. A work that fails by value is rolled back.
  [[nodiscard]] Result<void> run_erased(TxKind kind, const std::function<Result<void>(Tx&)>& work);

  template <class F>
  auto run(TxKind kind, F&& work) -> std::invoke_result_t<F, Tx&> {
    std::invoke_result_t<F, Tx&> answer = fail(Code::internal, "not run");
    const auto ran = run_erased(kind, [&](Tx& tx) -> Result<void> {
      answer = work(tx);
      if (!answer) return std::unexpected(answer.error());
      return {};
    });
    if (!ran && (answer || answer.error().message == "not run")) return std::unexpected(ran.error());
    return answer;
  }
  // Waits up to `wait` for a notification on the channels listened to; empty string on none.
  [[nodiscard]] Result<std::vector<std::string>> wait_notification(const std::string& channel,
                                                                   std::chrono::milliseconds wait);
  // For the watch of a pool: each statement is to be answered within statement_timeout and two seconds.
  [[nodiscard]] std::shared_ptr<AnswerDeadline> deadline() const { return deadline_; }

 private:
  struct Live;
  Result<void> open();
  void drop();
  DbOptions options_;
  std::chrono::milliseconds answer_limit_;
  std::shared_ptr<AnswerDeadline> deadline_;
  std::unique_ptr<Live> live_;
};

class Db {
 public:
  explicit Db(DbOptions options);
  ~Db();  // runs what is queued, then joins
  Db(const Db&) = delete;

  // f(Tx&, args...) → Result<T>, on a pool thread; resumes on the caller's executor.
  template <class F, class... Args>
  auto run(TxKind kind, F work, Args... args) -> Task<std::invoke_result_t<F, Tx&, Args&...>> {
    using Answer = std::invoke_result_t<F, Tx&, Args&...>;
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(Answer)>(
        [this, kind](auto handler, F task, auto... bound) {
          auto executor = boost::asio::get_associated_executor(handler);
          auto guard = boost::asio::make_work_guard(executor);
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          enqueue([kind, task = std::move(task), executor, guard = std::move(guard), shared,
                   tuple = std::make_tuple(std::move(bound)...)](Connection& connection) mutable {
            Answer answer = connection.run(kind, [&](Tx& tx) -> Answer {
              return std::apply([&](auto&... each) { return task(tx, each...); }, tuple);
            });
            boost::asio::post(
                executor, [shared, answer = std::move(answer)]() mutable { std::move (*shared)(std::move(answer)); });
            guard.reset();
          });
        },
        boost::asio::use_awaitable, std::move(work), std::move(args)...);
  }

 private:
  using Job = std::move_only_function<void(Connection&)>;
  void enqueue(Job job);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::store
