// The clock that driver and sink share: CLOCK_MONOTONIC, the same for every process of a machine.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>

namespace fairlead::bench {

inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct CpuUsed {
  double user_s = 0, system_s = 0;
};

// Of this process so far.
inline CpuUsed cpu_used() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {seconds(used.ru_utime), seconds(used.ru_stime)};
}

}  // namespace fairlead::bench
