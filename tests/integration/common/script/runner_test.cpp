#include "common/script/runner.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <thread>

#include "common/core/clock.hpp"
#include "common/script/worker/confine.hpp"
#include "common/script/worker_exit.hpp"

namespace fairlead::script {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using std::chrono::milliseconds;

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The workers of this process: its children that run the workers' program.
std::vector<pid_t> workers() {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto status = read_file(entry.path() / "status");
    const bool is_child = status.find("PPid:\t" + std::to_string(getpid()) + "\n") != std::string::npos;
    if (is_child && status.find("State:\tZ") == std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

template <class F>
bool becomes_true(F condition) {
  for (const auto deadline = Steady::now() + std::chrono::seconds(20); Steady::now() < deadline;) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

// A program in a worker's place.
class FakeWorker {
 public:
  explicit FakeWorker(const std::string& command)
      : path_(fs::temp_directory_path() / ("fairlead-fake-worker-" + std::to_string(getpid()))) {
    std::ofstream(path_) << "#!/bin/sh\n" << command << '\n';
    fs::permissions(path_, fs::perms::owner_all);
  }
  ~FakeWorker() { fs::remove(path_); }
  FakeWorker(const FakeWorker&) = delete;
  [[nodiscard]] std::string path() const { return path_; }

 private:
  fs::path path_;
};

class Functions : public ::testing::Test {
 protected:
  ~Functions() override {
    guard_.reset();
    context_.stop();
    for (auto& thread : threads_) thread.join();
  }

  void start(RunnerOptions options) {
    if (options.program == RunnerOptions{}.program) options.program = FAIRLEAD_SCRIPT_PROGRAM;
    runner_ = std::make_unique<Runner>(context_.get_executor(), std::move(options));
  }
  std::future<Result<Output>> begin(const std::string& owner, std::string source, std::optional<std::string> payload) {
    if (!runner_) start({});
    return asio::co_spawn(context_, runner_->run(owner, {.source = std::move(source), .payload = std::move(payload)}),
                          asio::use_future);
  }
  Result<Output> run(std::string source, std::optional<std::string> payload = "{}") {
    return begin("owner", std::move(source), std::move(payload)).get();
  }
  // What a function with this body makes.
  std::string made(const std::string& body, std::string payload = "{}") {
    const auto output = run("function transform(payload, context) { " + body + " }", std::move(payload));
    return output ? output->payload : output.error().reason;
  }

  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_{context_.get_executor()};
  std::unique_ptr<Runner> runner_;  // its workers' coroutines end with the context, after it
  std::vector<std::thread> threads_ = [this] {
    std::vector<std::thread> threads;
    for (int index = 0; index < 2; ++index) threads.emplace_back([this] { context_.run(); });
    return threads;
  }();
};

// Goal: modern JavaScript shapes a payload, and says what it is told to. Method: closures, spread, promises, a const
// as transform; every kind of argument to console.
TEST_F(Functions, ShapePayloads) {
  EXPECT_EQ(made("return {...payload, b: payload.a.map(x => x ** 2)}", R"({"a":[1,2]})"), R"({"a":[1,2],"b":[1,4]})");
  const auto promised = run("const transform = async (p) => { await null; return [p?.x ?? 'é😀'] }");
  ASSERT_TRUE(promised.has_value()) << promised.error().message;
  EXPECT_EQ(promised->payload, "[\"é😀\"]");
  EXPECT_EQ(made("return [typeof context, null, 0.5]"), R"(["object",null,0.5])");
  const auto output = run(
      "function transform(p) { console.log('a', {b: [1]}, 2, null, undefined); console.error(Symbol('x')); return p }");
  ASSERT_TRUE(output.has_value()) << output.error().message;
  EXPECT_EQ(output->log, (std::vector<std::string>{R"(a {"b":[1]} 2 null undefined)", "[symbol]"}));
}

// Goal: what is no function is named, with its place. Method: without a payload, as when one is saved.
TEST_F(Functions, AreCheckedWithoutAPayload) {
  EXPECT_TRUE(run("function transform(p) { return p }", std::nullopt).has_value());
  const auto fault = [&](const char* source) {
    const auto answer = run(source, std::nullopt);
    return answer ? "" : answer.error().reason + ": " + answer.error().message;
  };
  EXPECT_EQ(fault("function transform(p) {\n  return p +;\n}"),
            "function_invalid: line 2, column 13: SyntaxError: expected expression, got ';'");
  EXPECT_EQ(fault("function transfrom(p) { return p }").substr(0, 17), "function_invalid:");
  EXPECT_EQ(fault("let transform = 1").substr(0, 17), "function_invalid:");
  EXPECT_EQ(fault("").substr(0, 17), "function_invalid:");
  EXPECT_EQ(fault("function transform() {}; nowhere()"),
            "function_failed: line 1, column 26: ReferenceError: nowhere is not defined");
  EXPECT_EQ(fault("function transform() {}; for (;;);").substr(0, 20), "function_time_limit:");
}

// Goal: a function that fails says why, and the next one runs. Method: each way to fail, a good one after each.
TEST_F(Functions, FailByThemselves) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"throw new Error('no')", "function_failed"},
      {"return payload.a.b", "function_failed"},
      {"let f = () => f() + 1; return f()", "function_failed"},
      {"let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a", "function_failed"},
      {"let x = {}; x.x = x; return x", "function_failed"},
      {"return Promise.reject(new Error('no'))", "function_failed"},
      {"return import('fs')", "function_failed"},
      {"return new Promise(() => {})", "function_no_result"},
      {"return undefined", "function_no_result"},
      {"return () => 1", "function_no_result"},
      {"return 'x'.repeat(1024 * 1024)", "function_output_limit"},
      {"return 'é'.repeat(600 * 1024)", "function_output_limit"},
      {"for (;;);", "function_time_limit"},
      {"try { for (;;); } finally { for (;;); }", "function_time_limit"},
      {"return /(a+)+b/.test('a'.repeat(50))", "function_time_limit"},
      {"return {toJSON() { for (;;); }}", "function_time_limit"},
      {"Promise.resolve().then(() => { for (;;); }); return 1", "function_time_limit"},
      {"Array.prototype.fill.call({length: 2 ** 53 - 1}, 0)", "function_time_limit"},
      {"for (;;) console.log('x'.repeat(1000))", "function_time_limit"},
      {"let f = () => Promise.resolve().then(f); f(); return 1", "function_time_limit"},
  };
  for (const auto& [body, reason] : cases) {
    EXPECT_EQ(made(body), reason) << body;
    EXPECT_EQ(made("return 1"), "1") << "after " << body;
  }
}

// Goal: memory ends at its limit, whether it is touched or not, and the worker's with it. Method: bombs of the heap, of
// strings and of buffers. What takes time to fill may end by that first, and under the sanitizers, which have no hard
// limit, so may everything.
TEST_F(Functions, AreBoundedInMemory) {
  const auto expect_bounded = [&](const char* body, bool may_be_late) {
    const auto reason = made(body);
    EXPECT_TRUE(reason == "function_memory_limit" || (may_be_late && reason == "function_time_limit"))
        << body << ": " << reason;
    EXPECT_EQ(made("return 1"), "1") << "after " << body;
  };
  expect_bounded("let a = []; for (;;) a.push(new ArrayBuffer(50e6))", is_sanitized);
  expect_bounded("return 'x'.repeat(2 ** 29).split('')", is_sanitized);
  expect_bounded("return new Uint8Array(2 ** 30).fill(1).length", is_sanitized);
  expect_bounded("let a = []; for (;;) a.push(new Uint8Array(16e6).fill(1))", true);
  expect_bounded("let a = []; for (;;) a.push('x'.repeat(1e6).split(''))", true);
}

// Goal: a run leaves nothing to the next one. Method: change everything that is shared, then look.
TEST_F(Functions, SeeNothingOfEachOther) {
  EXPECT_EQ(made("Object.prototype.z = 1; Array.prototype.map = null; globalThis.q = 1; JSON.stringify = null;"
                 "console.log = null; Promise.resolve().then(() => { globalThis.later = 1 }); return 1"),
            "1");
  EXPECT_EQ(made("console.log(1); return [({}).z, typeof [].map, typeof q, typeof later, typeof JSON.stringify]"),
            R"([null,"function","undefined","undefined","function"])");
}

// Goal: the language brings no way out. Method: the names by which others reach files, network, processes and modules.
TEST_F(Functions, HaveNoInputOrOutput) {
  EXPECT_EQ(made("return ['require', 'process', 'fetch', 'XMLHttpRequest', 'WebSocket', 'load', 'read', 'os', 'print',"
                 " 'quit', 'Worker', 'setTimeout', 'SharedArrayBuffer', 'Atomics', 'WebAssembly', 'Deno']"
                 ".filter(name => name in globalThis)"),
            "[]");
}

// Goal: a worker has nothing of ours, and can get nothing. Method: what the kernel says of it.
TEST_F(Functions, RunInAConfinedProcess) {
  EXPECT_EQ(made("return 1"), "1");
  const auto found = workers();
  ASSERT_EQ(found.size(), 1U);
  const fs::path of_worker = "/proc/" + std::to_string(found[0]);
  const auto status = read_file(of_worker / "status");
  EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos) << status;
  EXPECT_NE(status.find("Seccomp:\t2"), std::string::npos) << status;
  EXPECT_EQ(read_file(of_worker / "environ").find("PATH="), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(of_worker / "fd"), fs::directory_iterator()), 3);
  EXPECT_NE(fs::read_symlink(of_worker / "fd/0").string().find("socket:"), std::string::npos);
  EXPECT_EQ(fs::read_symlink(of_worker / "fd/2"), "/dev/null");
  const auto limits = read_file(of_worker / "limits");
  for (const char* name : {"Max file size", "Max core file size", "Max processes"})
    EXPECT_EQ(limits.substr(limits.find(name) + 26, 1), "0") << name << '\n' << limits;
}

// Goal: a worker that somebody ends harms one run at most, and none if it was idle. Method: SIGKILL for one that never
// answers, as soon as its run has begun; and for one that is idle, its end seen by the next run or not yet.
TEST_F(Functions, OutliveTheirWorker) {
  const FakeWorker mute("exec /bin/sleep 60");
  start({.program = mute.path()});
  auto running = begin("owner", "", "{}");
  ASSERT_TRUE(becomes_true([] { return workers().size() == 1; }));
  kill(workers().at(0), SIGKILL);
  const auto ended = running.get();
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().reason, "functions_unavailable");
  EXPECT_EQ(ended.error().code, Code::unavailable);
  start({});
  EXPECT_EQ(made("return 2"), "2");
  for (int round = 0; round < 20; ++round) {
    kill(workers().at(0), SIGKILL);
    EXPECT_EQ(made("return 3"), "3") << "round " << round;
  }
}

// Goal: a worker that cannot answer says by its end why. Method: programs that end at once, with each status.
TEST_F(Functions, AreJudgedByTheirWorkersEnd) {
  const std::vector<std::pair<WorkerExit, const char*>> cases = {{exit_time, "function_time_limit"},
                                                                 {exit_memory, "function_memory_limit"},
                                                                 {exit_crashed, "function_crashed"},
                                                                 {exit_unconfined, "functions_unavailable"},
                                                                 {exit_done, "functions_unavailable"}};
  for (const auto& [status, reason] : cases) {
    const FakeWorker ending("exit " + std::to_string(status));
    start({.program = ending.path()});
    EXPECT_EQ(made("return 1"), reason);
  }
}

// Goal: a worker that does not answer ends at the limit of the clock. Method: stop it, so that it uses no time of its
// own.
TEST_F(Functions, EndByTheClock) {
  start({.run_max = milliseconds(2000)});
  EXPECT_TRUE(becomes_true([&] { return made("return 1") == "1"; }));  // its start counts too
  kill(workers().at(0), SIGSTOP);
  EXPECT_EQ(made("return 1"), "function_time_limit");
}

// Goal: idle workers end, and come back when they are needed. Method: a short patience with idleness.
TEST_F(Functions, EndTheirWorkersWhenIdle) {
  start({.idle_max = milliseconds(50)});
  EXPECT_EQ(made("return 1"), "1");
  EXPECT_TRUE(becomes_true([] { return workers().empty(); }));
  EXPECT_EQ(made("return 2"), "2");
}

// Goal: one owner takes one worker, and no more than its share of the queue; what waits too long is told so; another
// owner gets a worker all the same. Method: workers that never answer, so that who got one ends by the clock.
TEST_F(Functions, ShareTheWorkers) {
  const FakeWorker mute("exec /bin/sleep 60");
  start({.program = mute.path(),
         .waiting_per_owner_max = 2,
         .patience = milliseconds(500),
         .run_max = milliseconds(3000)});
  std::map<std::string, int> reasons;
  std::vector<std::future<Result<Output>>> queued;
  for (const char* owner : {"a", "a", "a", "a", "a", "b"}) queued.push_back(begin(owner, "", "{}"));
  EXPECT_TRUE(becomes_true([] { return workers().size() == 2; }));
  for (auto& each : queued) {
    const auto result = each.get();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, result.error().reason == "functions_busy" ? Code::rate_limited : Code::invalid);
    ++reasons[result.error().reason];
  }
  EXPECT_EQ(reasons, (std::map<std::string, int>{{"functions_busy", 4}, {"function_time_limit", 2}}));
}

// Goal: without a worker there is an error and no hang. Method: a program that is not there, and one that is none.
TEST_F(Functions, AreRefusedWithoutWorkers) {
  for (const char* program : {"/nonexistent/fairlead", "/bin/false"}) {
    runner_ = std::make_unique<Runner>(context_.get_executor(), RunnerOptions{.program = program});
    const auto answer = run("function transform() { return 1 }");
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().reason, "functions_unavailable");
  }
}

}  // namespace
}  // namespace fairlead::script
