#include "common/script/worker/engine.hpp"

#include <js/CallAndConstruct.h>
#include <js/CompilationAndEvaluation.h>
#include <js/ErrorReport.h>
#include <js/Exception.h>
#include <js/Initialization.h>
#include <js/JSON.h>
#include <js/Promise.h>
#include <js/RealmOptions.h>
#include <js/SourceText.h>
#include <jsapi.h>
#include <jsfriendapi.h>

#include "common/script/worker/confine.hpp"
#include "common/script/worker/console.hpp"
#include "common/script/worker/cpu_watch.hpp"
#include "common/script/worker/engine_text.hpp"

namespace fairlead::script {
namespace {

constexpr std::size_t kStackBytes = 512 * 1024;
constexpr const char* kFileName = "function";
constexpr std::string_view kFindTransform = "typeof transform === 'function' ? transform : undefined";
// Has the engine make at once what it makes on first use: later it may not open anything.
constexpr const char* kWarmUp =
    "function transform(p) { console.log(p); return [new Date(0).toLocaleString(), /a/u.test('A'), 'x'.normalize(),"
    " new Intl.NumberFormat('en').format(1), (() => { try { null.x } catch (e) { return e.stack } })()] }";
constexpr JSClass kGlobalClass{"global", JSCLASS_GLOBAL_FLAGS, &JS::DefaultGlobalClassOps, nullptr, nullptr, nullptr};

Answer refuse(std::string reason, std::string message) {
  return std::unexpected(Fault{.reason = std::move(reason), .message = std::move(message)});
}

Answer out_of_memory() { return refuse("function_memory_limit", "the function needs more than 64 MiB of memory"); }

JS::RealmOptions realm_options() {
  JS::RealmOptions options;
  options.creationOptions().setNewCompartmentAndZone().setSharedMemoryAndAtomicsEnabled(false).setWeakRefsEnabled(
      JS::WeakRefSpecifier::Disabled);
  return options;
}

enum class Phase { compile, run };

// One run: everything that belongs to its global object.
class Run {
 public:
  Run(JSContext* context, const CpuWatch& watch) : context_(context), watch_(watch) {}

  Answer answer(const Job& job) {
    JS::RootedObject global(
        context_, JS_NewGlobalObject(context_, &kGlobalClass, nullptr, JS::FireOnNewGlobalHook, realm_options()));
    if (!global) return out_of_memory();
    const JSAutoRealm realm(context_, global);
    const ConsoleScope console(context_, global);
    if (!console.is_open()) return fault(Phase::run);
    auto answer = within(job, global);
    // What the function left to be done later belongs to this run, and must not be there in the next.
    js::RunJobs(context_);
    if (answer && watch_.is_late()) return fault(Phase::run);
    if (answer) answer->log = console.take_lines();
    return answer;
  }

 private:
  Answer within(const Job& job, JS::HandleObject global) {
    JS::RootedValue transform(context_);
    auto found = find_transform(job.source, &transform);
    if (!found || !job.payload) return found;
    JS::RootedValueVector arguments(context_);
    if (!arguments.resize(2) || !parse_text(context_, *job.payload, arguments[0]) ||
        !parse_text(context_, job.context, arguments[1]))
      return fault(Phase::run);
    JS::RootedValue result(context_);
    if (!JS::Call(context_, global, transform, arguments, &result)) return fault(Phase::run);
    if (auto settled = settle(&result); !settled) return settled;
    return output_of(&result);
  }

  // Runs the source, so that what it defines is there, and gives its transform: also if it is a const.
  Answer find_transform(std::string_view source, JS::MutableHandleValue transform) {
    JS::RootedScript script(context_, compile(source));
    if (!script) return fault(Phase::compile);
    JS::RootedValue ignored(context_);
    if (!JS_ExecuteScript(context_, script, &ignored)) return fault(Phase::run);
    JS::RootedScript look(context_, compile(kFindTransform));
    if (!look || !JS_ExecuteScript(context_, look, transform)) return fault(Phase::run);
    if (transform.isUndefined())
      return refuse("function_invalid", "it must define a function named transform, which it does not");
    return Output{};
  }

  JSScript* compile(std::string_view source) {
    JS::CompileOptions options(context_);
    options.setFileAndLine(kFileName, 1);
    JS::SourceText<mozilla::Utf8Unit> text;
    if (!text.init(context_, source.data(), source.size(), JS::SourceOwnership::Borrowed)) return nullptr;
    return JS::Compile(context_, options, text);
  }

  // What an asynchronous function promised, after everything that it could do without input or output.
  Answer settle(JS::MutableHandleValue result) {
    if (!result.isObject()) return Output{};
    JS::RootedObject promise(context_, &result.toObject());
    if (!JS::IsPromiseObject(promise)) return Output{};
    js::RunJobs(context_);
    if (watch_.is_late()) return fault(Phase::run);
    const auto state = JS::GetPromiseState(promise);
    if (state == JS::PromiseState::Pending)
      return refuse("function_no_result", "transform promises a result that never comes: there is nothing to wait for");
    result.set(JS::GetPromiseResult(promise));
    if (state == JS::PromiseState::Fulfilled) return Output{};
    JS_SetPendingException(context_, result);
    return fault(Phase::run);
  }

  Answer output_of(JS::MutableHandleValue result) {
    const bool is_nothing =
        result.isUndefined() || result.isSymbol() || (result.isObject() && JS::IsCallable(&result.toObject()));
    if (is_nothing) return refuse("function_no_result", "transform returns nothing that JSON has");
    Output output;
    switch (write_json(context_, result, output_bytes_max, output.payload)) {
      case Written::all:
        return output;
      case Written::too_much:
        return refuse("function_output_limit", "transform returns more than 1 MiB of JSON");
      case Written::failed:
        break;
    }
    return fault(Phase::run);
  }

  // Why the engine gave up just now.
  Answer fault(Phase phase) {
    if (watch_.is_late()) {
      JS_ClearPendingException(context_);
      return refuse("function_time_limit", "the function needs more than 50 ms of processor time");
    }
    if (!JS_IsExceptionPending(context_) || JS_IsThrowingOutOfMemory(context_)) {
      JS_ClearPendingException(context_);
      return out_of_memory();
    }
    JS::ExceptionStack stack(context_);
    JS::ErrorReportBuilder report(context_);
    Fault fault{.reason = phase == Phase::compile ? "function_invalid" : "function_failed",
                .message = "the function failed"};
    if (JS::StealPendingExceptionStack(context_, &stack) &&
        report.init(context_, stack, JS::ErrorReportBuilder::NoSideEffects)) {
      fault.message = bounded_message(report.toStringResult().c_str());
      fault.line = report.report()->lineno;
      // The compiler counts columns from 0, the interpreter from 1.
      if (fault.line > 0) fault.column = report.report()->column + (phase == Phase::compile ? 1 : 0);
    }
    JS_ClearPendingException(context_);
    return std::unexpected(std::move(fault));
  }

  JSContext* context_;
  const CpuWatch& watch_;
};

const CpuWatch* current_watch = nullptr;

bool may_go_on(JSContext*) { return !current_watch->is_late(); }

}  // namespace

struct Engine::Parts {
  explicit Parts(JSContext* made) : context(made), watch([made] { JS_RequestInterruptCallback(made); }) {
    current_watch = &watch;
  }
  JSContext* context;
  CpuWatch watch;
};

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::~Engine() = default;

std::unique_ptr<Engine> Engine::make() {
  JS::DisableJitBackend();  // compiled code would be memory both written and executed
  if (!JS_Init()) return nullptr;
  JSContext* context = JS_NewContext(heap_bytes_max);
  if (context == nullptr || !js::UseInternalJobQueues(context) || !JS::InitSelfHostedCode(context)) return nullptr;
  JS_SetNativeStackQuota(context, kStackBytes);
  auto engine = std::unique_ptr<Engine>(new Engine(std::make_unique<Parts>(context)));
  // Not by run(): what a machine needs for its first steps is not counted.
  if (!Run(context, engine->parts_->watch).answer({.source = kWarmUp, .payload = "{}"})) return nullptr;
  engine->collect();
  return JS_AddInterruptCallback(context, &may_go_on) ? std::move(engine) : nullptr;
}

Answer Engine::run(const Job& job) {
  parts_->watch.begin();
  auto answer = Run(parts_->context, parts_->watch).answer(job);
  parts_->watch.end();
  return answer;
}

void Engine::collect() { JS_GC(parts_->context); }

}  // namespace fairlead::script
