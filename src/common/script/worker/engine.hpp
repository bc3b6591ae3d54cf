// SpiderMonkey: runs one function in a world of its own. engine*.cpp are the only files that see the engine.
#pragma once

#include <memory>

#include "common/script/job.hpp"

namespace fairlead::script {

// One thread, and one engine a process.
class Engine {
 public:
  // With everything made that it else makes on first use. nullptr if the engine does not start.
  [[nodiscard]] static std::unique_ptr<Engine> make();
  ~Engine();
  Engine(const Engine&) = delete;

  // In a global object that no other run sees, in bounds of processor time and memory. What has no end inside the
  // engine's reach ends the process with exit_time.
  [[nodiscard]] Answer run(const Job& job);
  // Takes the run's leavings away; between runs, when nobody waits.
  void collect();

 private:
  struct Parts;
  explicit Engine(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace fairlead::script
