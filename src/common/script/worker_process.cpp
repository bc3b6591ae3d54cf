#include "common/script/worker_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "common/script/worker/worker.hpp"

namespace fairlead::script {
namespace {

using Socket = boost::asio::local::stream_protocol::socket;

std::unexpected<Error> unavailable(const std::string& what, int error) {
  return fail(Error{Code::unavailable, "functions cannot be run now: " + what + ": " + std::strerror(error),
                    "functions_unavailable"});
}

// What a new worker begins with: the socket as descriptor 0, /dev/null as 1 and 2, no other; every signal as usual; a
// process group of its own, which a terminal's signals to ours do not reach.
class Beginning {
 public:
  explicit Beginning(int socket) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_adddup2(&files_, socket, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Beginning() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&files_);
  }
  Beginning(const Beginning&) = delete;

  // 0, or what errno would be.
  int spawn(pid_t& pid, std::string program) const {
    std::string argument = worker_argument;
    const std::array<char*, 3> arguments = {program.data(), argument.data(), nullptr};
    const std::array<char*, 1> environment = {nullptr};
    return posix_spawn(&pid, program.c_str(), &files_, &attributes_, arguments.data(), environment.data());
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

WorkerProcess::WorkerProcess(Socket socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : socket_(std::move(other.socket_)), pid_(std::exchange(other.pid_, 0)), status_(other.status_) {}

WorkerProcess::~WorkerProcess() { end(); }

Result<WorkerProcess> WorkerProcess::start(boost::asio::any_io_executor executor, const std::string& program) {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return unavailable("socketpair", errno);
  pid_t pid = 0;
  const int error = Beginning(pair[1]).spawn(pid, program);
  close(pair[1]);
  if (error != 0) {
    close(pair[0]);
    return unavailable("starting a worker", error);
  }
  return WorkerProcess(Socket(executor, boost::asio::local::stream_protocol(), pair[0]), pid);
}

bool WorkerProcess::is_alive() {
  if (pid_ != 0 && waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = 0;
  return pid_ != 0;
}

std::size_t WorkerProcess::resident_bytes() const {
  std::array<char, 128> text{};
  const int file = open(("/proc/" + std::to_string(pid_) + "/statm").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const auto size = read(file, text.data(), text.size() - 1);
  close(file);
  unsigned long all = 0, resident = 0;
  if (size <= 0 || std::sscanf(text.data(), "%lu %lu", &all, &resident) != 2) return 0;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void WorkerProcess::kill() const {
  if (pid_ != 0) ::kill(pid_, SIGKILL);
}

int WorkerProcess::end() {
  if (pid_ != 0) {
    kill();  // one that is ending already keeps its status
    while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) continue;
    pid_ = 0;
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : exit_by_signal;
}

}  // namespace fairlead::script
