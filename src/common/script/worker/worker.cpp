#include "common/script/worker/worker.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <new>

#include "common/script/worker/confine.hpp"
#include "common/script/worker/engine.hpp"
#include "common/script/worker_exit.hpp"

namespace fairlead::script {
namespace {

constexpr std::size_t kSignalStackBytes = 64 * 1024;
constexpr std::size_t kProbeBytes = 4 * 1024 * 1024;
bool read_exactly(char* data, std::size_t size) {
  while (size > 0) {
    const auto count = read(STDIN_FILENO, data, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    data += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool write_all(std::string_view data) {
  while (!data.empty()) {
    const auto count = write(STDIN_FILENO, data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// The engine ends itself where it cannot go on without memory. Whether that was it shows in whether any is to be had.
void on_crash(int) {
  const void* probe = mmap(nullptr, kProbeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  _exit(probe == MAP_FAILED ? exit_memory : exit_crashed);
}

void catch_crashes() {
  static std::array<char, kSignalStackBytes> stack;
  stack_t alternative{};
  alternative.ss_sp = stack.data();
  alternative.ss_size = stack.size();
  sigaltstack(&alternative, nullptr);
  struct sigaction action{};
  action.sa_handler = &on_crash;
  action.sa_flags = SA_ONSTACK;
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE, SIGTRAP}) sigaction(signal, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int serve(Engine& engine) {
  std::array<char, frame_head_bytes> head{};
  std::string text;
  while (read_exactly(head.data(), head.size())) {
    const auto length = frame_length({head.data(), head.size()});
    if (length > frame_bytes_max) return exit_crashed;
    text.resize(length);
    if (!read_exactly(text.data(), length)) return exit_done;
    const auto job = parse_job(text);
    if (!job) return exit_crashed;
    if (!write_all(to_frame(engine.run(*job)))) return exit_done;
    engine.collect();
  }
  return exit_done;
}

int start_and_serve() {
  setenv("TZ", "UTC", 1);
  tzset();
  if (!confine_process()) return exit_unconfined;
  const auto engine = Engine::make();
  if (!engine) return exit_crashed;
  catch_crashes();
  if (!confine_calls_and_memory()) return exit_unconfined;
  try {
    return serve(*engine);
  } catch (const std::bad_alloc&) {
    return exit_memory;
  }
}

}  // namespace

// Ends at once: there is nothing to tidy up that the kernel does not, and the engine's threads are let be.
int run_worker() { _exit(start_and_serve()); }

}  // namespace fairlead::script
