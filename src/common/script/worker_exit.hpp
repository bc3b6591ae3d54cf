// How a worker ends that cannot answer any more.
#pragma once

namespace fairlead::script {

enum WorkerExit : int {
  exit_done = 0,         // the other side closed
  exit_unconfined = 41,  // the kernel refused a confinement: it has run nothing
  exit_time = 42,        // the function would not stop
  exit_memory = 43,      // no memory was left to say so
  exit_crashed = 44,     // the engine failed
};

}  // namespace fairlead::script
