#include "common/script/worker/console.hpp"

#include <js/CallArgs.h>
#include <js/Conversions.h>
#include <js/PropertyAndElement.h>
#include <js/PropertySpec.h>
#include <js/String.h>
#include <jsapi.h>

#include "common/script/job.hpp"
#include "common/script/worker/engine_text.hpp"

namespace fairlead::script {
namespace {

ConsoleScope* current_console = nullptr;

// A string as it is, anything else as JSON, and what JSON has not as the language would say it.
bool append_text(JSContext* context, JS::HandleValue value, std::string& line) {
  JS::RootedValue copy(context, value);
  if (value.isObject()) {
    std::string text;
    if (write_json(context, &copy, log_bytes_max, text) == Written::all) {
      line += text;
      return true;
    }
    if (JS_IsExceptionPending(context)) JS_ClearPendingException(context);
    line += "[object]";
    return JS_CheckForInterrupt(context);
  }
  if (value.isSymbol()) {
    line += "[symbol]";
    return true;
  }
  JS::RootedString text(context, JS::ToString(context, value));
  if (!text) return false;
  if (JS::GetStringLength(text) > log_bytes_max) {
    line += "[a string of " + std::to_string(JS::GetStringLength(text)) + " characters]";
    return true;
  }
  const JS::UniqueTwoByteChars units = JS_CopyStringCharsZ(context, text);
  if (!units) return false;
  line += to_utf8({units.get(), JS::GetStringLength(text)});
  return true;
}

bool say(JSContext* context, unsigned count, JS::Value* values) {
  const JS::CallArgs arguments = JS::CallArgsFromVp(count, values);
  std::string line;
  for (unsigned index = 0; index < count && line.size() <= log_bytes_max; ++index) {
    if (index > 0) line += ' ';
    if (!append_text(context, arguments[index], line)) return false;
  }
  if (current_console != nullptr) current_console->add(std::move(line));
  arguments.rval().setUndefined();
  return true;
}

constexpr JSFunctionSpec kMethods[] = {JS_FN("log", say, 0, 0),   JS_FN("info", say, 0, 0),  JS_FN("warn", say, 0, 0),
                                       JS_FN("error", say, 0, 0), JS_FN("debug", say, 0, 0), JS_FS_END};

}  // namespace

ConsoleScope::ConsoleScope(JSContext* context, JS::HandleObject global) {
  current_console = this;
  JS::RootedObject console(context, JS_NewPlainObject(context));
  is_open_ = console && JS_DefineFunctions(context, console, kMethods) &&
             JS_DefineProperty(context, global, "console", console, 0);
}

ConsoleScope::~ConsoleScope() { current_console = nullptr; }

void ConsoleScope::add(std::string line) {
  if (is_cut_ || lines_.size() >= log_lines_max || bytes_ + line.size() > log_bytes_max) {
    is_cut_ = true;
    return;
  }
  bytes_ += line.size();
  lines_.push_back(std::move(line));
}

std::vector<std::string> ConsoleScope::take_lines() const {
  auto lines = lines_;
  if (is_cut_) lines.emplace_back("… and more, which is not kept");
  return lines;
}

}  // namespace fairlead::script
