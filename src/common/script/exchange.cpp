#include "common/script/exchange.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "common/core/clock.hpp"
#include "common/script/worker/confine.hpp"
#include "common/script/worker_exit.hpp"

namespace fairlead::script {
namespace {

namespace asio = boost::asio;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kLook{10};

Answer fault(std::string reason, std::string message) {
  return std::unexpected(Fault{.reason = std::move(reason), .message = std::move(message)});
}

Answer over_memory() { return fault("function_memory_limit", "the function needs more than 64 MiB of memory"); }

// Looks at a worker from time to time, and kills it when it is over a bound: the reader then finds its end.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  enum class Verdict { within, time, memory };

  Watch(const Serial& serial, WorkerProcess& process, std::chrono::milliseconds run_max)
      : timer_(serial), process_(&process), deadline_(Steady::now() + run_max) {}

  void look() {
    if (process_ == nullptr || verdict_ != Verdict::within) return;
    if (Steady::now() >= deadline_) verdict_ = Verdict::time;
    if (process_->resident_bytes() > resident_bytes_max) verdict_ = Verdict::memory;
    if (verdict_ != Verdict::within) {
      process_->kill();
      return;
    }
    timer_.expires_after(kLook);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->look();
    });
  }

  Verdict end() {
    process_ = nullptr;
    timer_.cancel();
    return verdict_;
  }

 private:
  asio::steady_timer timer_;
  WorkerProcess* process_;
  Steady::time_point deadline_;
  Verdict verdict_ = Verdict::within;
};

// The answer's text, or nothing if the worker ended first or says what no worker says.
Task<std::optional<std::string>> ask(WorkerProcess& process, std::string frame) {
  auto& socket = process.socket();
  const auto [unsent, sent] = co_await asio::async_write(socket, asio::buffer(frame), kTuple);
  if (unsent) co_return std::nullopt;
  std::array<char, frame_head_bytes> head{};
  const auto [no_head, head_bytes] = co_await asio::async_read(socket, asio::buffer(head), kTuple);
  if (no_head) co_return std::nullopt;
  const auto length = frame_length({head.data(), head.size()});
  if (length > frame_bytes_max) co_return std::nullopt;
  std::string text(length, '\0');
  const auto [no_text, text_bytes] = co_await asio::async_read(socket, asio::buffer(text), kTuple);
  if (no_text) co_return std::nullopt;
  co_return text;
}

Result<Answer> judge_end(Watch::Verdict verdict, int exit_status) {
  if (verdict == Watch::Verdict::time || (verdict == Watch::Verdict::within && exit_status == exit_time))
    return fault("function_time_limit", "the function needs more than 50 ms of processor time");
  if (verdict == Watch::Verdict::memory || exit_status == exit_memory) return over_memory();
  if (exit_status == exit_crashed) return fault("function_crashed", "the function made the engine fail");
  const std::string why = exit_status == exit_unconfined ? "this machine does not let a worker be confined"
                                                         : "the worker was ended; try again";
  return fail(Error{Code::unavailable, "functions cannot be run now: " + why, "functions_unavailable"});
}

// After these nothing is sure of the state that the engine is in.
bool is_spent(const Answer& answer) {
  return !answer &&
         (answer.error().reason == "function_time_limit" || answer.error().reason == "function_memory_limit");
}

}  // namespace

Task<Result<Answer>> exchange(std::optional<WorkerProcess>& process, Serial serial, const Job& job,
                              ExchangeOptions options) {
  if (process && !process->is_alive()) process.reset();
  for (bool was_idle = process.has_value();; was_idle = false) {
    if (!process) {
      FL_CO_TRY(auto started, WorkerProcess::start(serial, options.program));
      process.emplace(std::move(started));
    }
    const auto watch = std::make_shared<Watch>(serial, *process, options.run_max);
    watch->look();
    const auto text = co_await ask(*process, to_frame(job));
    const auto verdict = watch->end();
    if (!text) {
      const int exit_status = process->end();
      process.reset();
      // Somebody ended one that had been idle, perhaps before it was asked: a new one is asked instead.
      if (was_idle && verdict == Watch::Verdict::within && exit_status == exit_by_signal) continue;
      co_return judge_end(verdict, exit_status);
    }
    auto answer = parse_answer(*text);
    if (!answer || is_spent(*answer)) process.reset();
    if (!answer) co_return fault("function_crashed", "the worker's answer cannot be read");
    co_return answer;
  }
}

}  // namespace fairlead::script
