// Ends a run that has used up its processor time: first by asking the engine, then by ending the process.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace fairlead::script {

class CpuWatch {
 public:
  // `interrupt` is called from another thread, again and again until the run ends.
  explicit CpuWatch(std::function<void()> interrupt);
  ~CpuWatch();
  CpuWatch(const CpuWatch&) = delete;

  void begin();
  void end();
  // Whether the run that began last has had its time.
  [[nodiscard]] bool is_late() const { return is_late_.load(); }

 private:
  void watch();
  std::function<void()> interrupt_;
  std::atomic<bool> is_late_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_running_ = false, is_stopped_ = false;
  std::chrono::nanoseconds began_{0};
  std::thread thread_;
};

}  // namespace fairlead::script
