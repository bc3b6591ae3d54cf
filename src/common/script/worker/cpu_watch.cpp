#include "common/script/worker/cpu_watch.hpp"

#include <time.h>
#include <unistd.h>

#include "common/script/worker/confine.hpp"
#include "common/script/worker_exit.hpp"

namespace fairlead::script {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCpuMax{is_sanitized ? 200 : 50};
constexpr milliseconds kCpuHardMax{1000};  // for what the engine cannot interrupt
constexpr milliseconds kPause{2};

std::chrono::nanoseconds cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

CpuWatch::CpuWatch(std::function<void()> interrupt) : interrupt_(std::move(interrupt)), thread_([this] { watch(); }) {}

CpuWatch::~CpuWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CpuWatch::begin() {
  const std::lock_guard lock(mutex_);
  is_late_ = false;
  is_running_ = true;
  began_ = cpu_time();
  changed_.notify_all();
}

void CpuWatch::end() {
  const std::lock_guard lock(mutex_);
  is_running_ = false;
}

void CpuWatch::watch() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_running_ || is_stopped_; });
    if (is_stopped_) return;
    changed_.wait_for(lock, kPause, [this] { return is_stopped_; });
    if (!is_running_) continue;
    const auto used = cpu_time() - began_;
    if (used < kCpuMax) continue;
    if (used >= kCpuHardMax) _exit(exit_time);
    is_late_ = true;
    interrupt_();
  }
}

}  // namespace fairlead::script
