#include "common/script/worker/confine.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

namespace fairlead::script {
namespace {

constexpr int kConfined = 0, kEscaped = 1, kNotConfined = 2;

// How a child fares that confines itself and then tries something: as somebody would who took over the engine.
int try_confined(const std::function<bool()>& attempt) {
  const pid_t child = fork();
  if (child == 0) {
    if (!confine_process() || !confine_calls_and_memory()) _exit(kNotConfined);
    _exit(attempt() ? kEscaped : kConfined);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// Goal: machine code in a worker reaches no file, no network, no process and no more memory than it has. Method: each
// system call itself, in a confined child; the same calls succeed outside.
TEST(Confinement, LeavesNothingToReach) {
  const auto reads = [] { return open("/etc/passwd", O_RDONLY) >= 0; };
  const auto writes = [] { return open("/tmp/fairlead-escape", O_CREAT | O_WRONLY, 0600) >= 0; };
  const auto connects = [] { return socket(AF_INET, SOCK_STREAM, 0) >= 0; };
  const auto talks = [] { return socket(AF_UNIX, SOCK_STREAM, 0) >= 0; };
  const auto forks = [] { return fork() >= 0; };
  const auto pairs = [] {
    int pair[2];
    return pipe(pair) == 0;
  };
  const auto looks = [] {
    struct stat about{};
    return stat("/", &about) == 0;
  };
  const auto maps_code = [] {
    return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
  };
  const auto kills = [] { return kill(getppid(), 0) == 0; };
  EXPECT_TRUE(reads() && connects() && talks() && pairs() && looks() && maps_code());
  EXPECT_EQ(try_confined([] { return false; }), kConfined);
  EXPECT_EQ(try_confined(reads), kConfined);
  EXPECT_EQ(try_confined(writes), kConfined);
  EXPECT_EQ(try_confined(connects), kConfined);
  EXPECT_EQ(try_confined(talks), kConfined);
  EXPECT_EQ(try_confined(forks), kConfined);
  if (!is_sanitized) EXPECT_EQ(try_confined(pairs), kConfined);  // confine.hpp
  EXPECT_EQ(try_confined(looks), kConfined);
  EXPECT_EQ(try_confined(maps_code), kConfined);
  EXPECT_EQ(try_confined(kills), kConfined);
  EXPECT_EQ(try_confined([] { return execl("/bin/true", "true", nullptr) == 0; }), kConfined);
}

// Goal: memory ends at the limit, however it is asked for, and is to be had below it. Method: a mapping of each size;
// not under the sanitizers, which need theirs (confine.hpp).
TEST(Confinement, BoundsMemory) {
  if (is_sanitized) GTEST_SKIP() << "the sanitizers' own memory is not bounded";
  const auto takes = [](std::size_t bytes) {
    return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
  };
  EXPECT_EQ(try_confined([&] { return takes(data_bytes_max + 4096); }), kConfined);
  EXPECT_EQ(try_confined([&] { return takes(heap_bytes_max); }), kEscaped);
}

// Goal: a program that has the engine linked in still ends by SIGABRT when it ends itself: the engine has an abort() of
// its own. Method: a child that calls it.
TEST(Confinement, LeavesAbortToTheCLibrary) {
  const pid_t child = fork();
  if (child == 0) std::abort();
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
}

}  // namespace
}  // namespace fairlead::script
