// Named places in the way of an event where a test can kill or freeze the process (tests/faults). They exist only where
// the CMake option FAIRLEAD_FAULT_POINTS is on; elsewhere a call is nothing, and not even a name is in the program.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/core/result.hpp"

namespace fairlead {

enum class FaultPoint : std::uint8_t {
  ingest_before_commit,
  ingest_after_commit,  // committed, not yet answered
  delivery_before_send,
  delivery_after_send,      // the answer is read, the result not yet on its way to be recorded
  result_before_record,     // a batch of results is put together
  result_after_record,      // committed, memory does not know it yet
  expansion_before_commit,  // the next chunk of a broadcast
  expansion_after_commit,   // committed, its rows not yet offered
};

enum class FaultAction : std::uint8_t { kill, freeze };

#ifdef FAIRLEAD_FAULT_POINTS
struct FaultPlan {
  FaultPoint point = FaultPoint::ingest_before_commit;
  FaultAction action = FaultAction::kill;
  std::uint32_t passing = 1;  // at which passing, counted from 1
};

// "ingest_after_commit:kill:37" → at the 37th passing SIGKILL; "freeze" is SIGSTOP. invalid, naming what there is.
[[nodiscard]] Result<FaultPlan> parse_fault_plan(std::string_view text);
// Once, before any thread passes a point.
void arm_fault_point(const FaultPlan& plan);
// Takes FAIRLEAD_FAULT_POINT out of the environment and arms what it says; invalid as parse_fault_plan.
[[nodiscard]] Result<void> arm_fault_point(std::map<std::string, std::string>& environment);
// Costs an atomic increment at the armed point, and one load elsewhere. Thread-safe.
void fault_point(FaultPoint point);
#else
inline void fault_point(FaultPoint) {}
// Leaves the variable where it is: it is no setting of this program.
[[nodiscard]] inline Result<void> arm_fault_point(std::map<std::string, std::string>&) { return {}; }
#endif

}  // namespace fairlead
