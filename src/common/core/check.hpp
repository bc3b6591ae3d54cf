// Invariants of ours, never a stranger's data: stays on in release and aborts.
#pragma once

namespace fairlead {

[[noreturn]] void check_failed(const char* condition, const char* why, const char* file, int line);

}  // namespace fairlead

#define FL_CHECK(condition, why) \
  ((condition) ? static_cast<void>(0) : ::fairlead::check_failed(#condition, why, __FILE__, __LINE__))
