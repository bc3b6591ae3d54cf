#include "common/script/worker/confine.hpp"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace fairlead::script {
namespace {

bool limit(__rlimit_resource resource, rlim_t value) {
  const rlimit bounds{value, value};
  return setrlimit(resource, &bounds) == 0;
}

// Private, writable memory in use, in bytes: what RLIMIT_DATA counts.
std::size_t data_bytes_in_use() {
  std::array<char, 8192> text{};
  const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const auto size = read(file, text.data(), text.size() - 1);
  close(file);
  if (size <= 0) return 0;
  const char* found = std::strstr(text.data(), "VmData:");
  unsigned long kibibytes = 0;
  return found != nullptr && std::sscanf(found, "VmData: %lu", &kibibytes) == 1 ? kibibytes * 1024 : 0;
}

// What runs a function and answers on a descriptor that is open already, without arguments to look at.
constexpr std::array kCalls = {
    SCMP_SYS(brk),          SCMP_SYS(munmap),         SCMP_SYS(mremap),          SCMP_SYS(madvise),
    SCMP_SYS(futex),        SCMP_SYS(clock_gettime),  SCMP_SYS(clock_getres),    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep),      SCMP_SYS(sched_yield),     SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),    SCMP_SYS(sigaltstack),
    SCMP_SYS(exit),         SCMP_SYS(exit_group),     SCMP_SYS(restart_syscall), SCMP_SYS(set_robust_list),
    SCMP_SYS(getpid),       SCMP_SYS(gettid),         SCMP_SYS(getrusage),       SCMP_SYS(rseq),
};

// The call's argument at `index` has exactly these of the bits in `mask`.
scmp_arg_cmp has_bits(unsigned index, scmp_datum_t mask, scmp_datum_t bits) {
  return {.arg = index, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = bits};
}

// Everything else is answered with EPERM: whether the engine asks for it in some corner, or somebody who took it over.
bool add_rules(scmp_filter_ctx filter) {
  bool is_added = true;
  const auto allow = [&](int call, std::initializer_list<scmp_arg_cmp> conditions) {
    is_added = is_added && seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call,
                                                  static_cast<unsigned>(conditions.size()), conditions.begin()) == 0;
  };
  for (const int call : kCalls) allow(call, {});
  const scmp_arg_cmp is_the_socket{.arg = 0, .op = SCMP_CMP_EQ, .datum_a = STDIN_FILENO, .datum_b = 0};
  allow(SCMP_SYS(read), {is_the_socket});
  allow(SCMP_SYS(write), {is_the_socket});
  if (is_sanitized) {
    for (const int call : {SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(close), SCMP_SYS(write)}) allow(call, {});
  }
  // No memory that can be executed: the engine interprets.
  allow(SCMP_SYS(mmap), {has_bits(2, PROT_EXEC, 0), has_bits(3, MAP_ANONYMOUS, MAP_ANONYMOUS)});
  allow(SCMP_SYS(mprotect), {has_bits(2, PROT_EXEC, 0)});
  return is_added;
}

bool confine_calls() {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (filter == nullptr) return false;
  const bool is_loaded =
      seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 && add_rules(filter) && seccomp_load(filter) == 0;
  seccomp_release(filter);
  return is_loaded;
}

}  // namespace

bool confine_process() {
  // Where the kernel or a service manager forbids namespaces, the system calls are closed all the same.
  for (const int space : {CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWNS})
    static_cast<void>(unshare(space));
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) &&
         limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0);
}

bool confine_calls_and_memory() {
  if (!is_sanitized) {
    const auto in_use = data_bytes_in_use();
    if (in_use == 0 || !limit(RLIMIT_DATA, in_use + data_bytes_max)) return false;
  }
  // No further processes or threads, and no further descriptors than those open now.
  const rlim_t files_max = STDERR_FILENO + 1 + (is_sanitized ? 2 : 0);
  return limit(RLIMIT_NPROC, 0) && limit(RLIMIT_NOFILE, files_max) && confine_calls();
}

}  // namespace fairlead::script
